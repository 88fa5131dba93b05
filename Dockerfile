# Planchette with its room, Discord and Telegram. With GPT-2 and training: docker build --build-arg EXTRAS=torch,discord,telegram,postgres .
FROM python:3.12-slim AS build
ARG EXTRAS=discord,telegram,postgres
WORKDIR /source
RUN python -m venv /opt/planchette && /opt/planchette/bin/python -m pip install --no-cache-dir "uv==0.13.8"
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY generators generators
COPY storage storage
COPY weights weights
RUN /opt/planchette/bin/uv pip install --no-cache --python /opt/planchette/bin/python --torch-backend=auto \
        --constraint constraints.txt ".[${EXTRAS}]"

FROM python:3.12-slim
# The home and the vault's key are two volumes, so that a copy of the one cannot be read without the other.
RUN useradd --create-home --uid 1000 planchette \
    && install -d -o planchette -g planchette -m 700 /var/lib/planchette /home/planchette/.config/planchette
COPY --from=build /opt/planchette /opt/planchette
ENV PATH=/opt/planchette/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PLANCHETTE_HOME=/var/lib/planchette \
    PLANCHETTE_WEB__HOST=0.0.0.0 \
    PLANCHETTE_LOG__FORMAT=json
USER 1000
WORKDIR /var/lib/planchette
VOLUME ["/var/lib/planchette", "/home/planchette/.config/planchette"]
EXPOSE 8477
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8477/health', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["planchette", "run"]
