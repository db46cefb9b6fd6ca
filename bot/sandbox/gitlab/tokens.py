"""Make tokens and recognise them: only a digest is kept, so that a token is shown once."""

import hashlib
import secrets
from datetime import date, timedelta

from bot.sandbox.gitlab import errors, model
from bot.sandbox.gitlab.access import Caller, is_over
from bot.sandbox.gitlab.forge import Forge

PREFIXES = {"personal": "glpat-", "project": "glpat-", "deploy": "gldt-", "job": "glcbt-"}
SCOPES = (
    "api",
    "read_api",
    "read_user",
    "read_repository",
    "write_repository",
    "read_registry",
    "write_registry",
    "create_runner",
    "manage_runner",
    "ai_features",
    "k8s_proxy",
    "self_rotate",
    "sudo",
    "admin_mode",
)
ANY_SCOPE = "any"
"""Marks the routes that a token of whatever scope may use."""
LONGEST_LIFE = timedelta(days=365)


def minted(kind: str) -> tuple[str, str]:
    """A new secret and the digest to keep of it."""
    secret = PREFIXES[kind] + secrets.token_urlsafe(20)
    return secret, digest(secret)


def digest(secret: str) -> str:
    """What is kept of a token; it is random, so a plain hash hides it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def default_expiry(today: date) -> date:
    """When a token ends whose maker did not say."""
    return today + LONGEST_LIFE


def caller_with(forge: Forge, secret: str) -> Caller:
    """Whoever shows this secret.

    Raises:
        ApiError: nobody knows it, or it is no longer good.
    """
    known = digest(secret)
    token = forge.store.tokens.first(lambda each: each.digest == known)
    if token is None:
        raise errors.unauthorized()
    if token.revoked:
        raise errors.invalid_token("Token was revoked. You have to re-authorize from the user.")
    if is_over(token, forge.now().date()):
        raise errors.invalid_token(
            "Token is expired. You can either do re-authorization or token refresh."
        )
    _note_use(forge, token)
    return Caller(forge.store.users.get(token.user_id), token)


def _note_use(forge: Forge, token: model.Token) -> None:
    """GitLab notes the use of a token at most every ten minutes."""
    now = forge.now()
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=10):
        forge.store.tokens.change(token.id, last_used_at=now)


def caller_with_password(forge: Forge, username: str, password: str) -> Caller:
    """Whoever logs in to git or the registry; any user name goes with a token but a deploy token's own.

    Raises:
        ApiError: the password is no good token.
    """
    caller = caller_with(forge, password)
    token = caller.token
    if token is not None and token.kind == "deploy" and token.username != username:
        raise errors.unauthorized()
    return caller


def job_token(forge: Forge, job: model.Job) -> str:
    """A secret that lasts as long as the job runs."""
    secret, kept = minted("job")
    forge.store.tokens.add(
        lambda number: model.Token(
            id=number,
            kind="job",
            name=f"job {job.id}",
            digest=kept,
            scopes=("read_repository", "write_repository", "read_registry", "write_registry"),
            created_at=forge.now(),
            user_id=job.user_id,
            project_id=job.project_id,
            job_id=job.id,
        )
    )
    return secret


def end_job_tokens(forge: Forge, job_id: int) -> None:
    """Forget the tokens of a job that is over."""
    forge.store.tokens.remove_where(lambda each: each.job_id == job_id)
