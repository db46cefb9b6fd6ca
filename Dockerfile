# The bot without the sandbox. `docker build --tag idp-bot .`, then a command of the bot as the argument: run if none.
FROM python:3.12-slim AS packages
RUN python -m venv /venv
COPY requirements/otel.txt /tmp/otel.txt
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/otel.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    IDP_LOG_FORMAT=json \
    IDP_STATE_DIR=/state
WORKDIR /app
COPY --from=packages /venv /venv
COPY bot ./bot
COPY templates ./templates
COPY catalog ./catalog
COPY helm ./helm
RUN python -m compileall -q bot && install --directory --owner 10001 --group 10001 --mode 0700 /state
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
