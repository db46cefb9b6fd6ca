"""What a visitor of the new address meets instead of the application."""

from bot.domain.causes.known_cause import Helper, KnownCause

_ADDRESS = ("await_live_url",)

CAUSES = (
    KnownCause(
        name="dns-name-missing",
        steps=_ADDRESS,
        signs=(r"the name \S+ to resolve",),
        meaning="There is no DNS record for the host name yet; a new one takes some minutes to be seen everywhere.",
        fix="If it lasts, add a record for the environment's domain that leads to the gateway.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="certificate-wrong-name",
        steps=_ADDRESS,
        signs=("the one there is for another name",),
        meaning="What answers there shows a certificate for another host name.",
        fix="Give the gateway's listener a certificate for the environment's domain.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="certificate-expired",
        steps=_ADDRESS,
        signs=("the one there has expired",),
        meaning="The gateway's certificate has run out.",
        fix="Renew the certificate of the gateway's listener; look at why cert-manager did not.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="certificate-not-trusted",
        steps=_ADDRESS,
        signs=("the one there is not trusted",),
        meaning="Browsers do not know who signed the certificate: it is a stand-in until the real one is issued, or of "
        "an authority of your own.",
        fix="If it lasts, look at the Certificate in cert-manager; for an authority of your own set SSL_CERT_FILE.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="certificate-pending",
        steps=_ADDRESS,
        signs=("to speak TLS",),
        meaning="There is no certificate for the host name yet; issuing one takes some minutes.",
        fix="If it lasts, look at the Certificate and its Order in cert-manager, and at the gateway's listener.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="address-not-reachable",
        steps=_ADDRESS,
        signs=("to accept connections", "to answer in time", "the connection broke"),
        meaning="The host name leads somewhere, and nothing answers there.",
        fix="If it lasts, look at the gateway and its load balancer, and at where the DNS record leads.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="address-answers-with-an-error",
        steps=_ADDRESS,
        signs=(r"to answer 200 \(it (answers|redirects)",),
        meaning="The address answers, but not with the application's page.",
        fix="Make the application answer 200 at “/”; for 404 or 503 look at the route and whether its pods are ready.",
        helper=Helper.REQUESTER,
    ),
)
