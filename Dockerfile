# Planchette with its room, Discord and Telegram, and the host of the models: the same image runs both.
# With training, and with models that need torch: --build-arg EXTRAS=torch,discord,telegram,postgres
# For a host with an NVIDIA GPU: also --build-arg TORCH_BACKEND=cu128, or what suits its driver.
FROM python:3.12-slim AS build
ARG EXTRAS=discord,telegram,postgres
ARG TORCH_BACKEND=cpu
WORKDIR /source
RUN python -m venv /opt/planchette && /opt/planchette/bin/python -m pip install --no-cache-dir "uv==0.13.8"
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY generators generators
COPY storage storage
COPY weights weights
RUN /opt/planchette/bin/uv pip install --no-cache --python /opt/planchette/bin/python \
        "--torch-backend=${TORCH_BACKEND}" --constraint constraints.txt ".[${EXTRAS}]"

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
EXPOSE 8477 8478
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-m", "bot.shell.health"]
STOPSIGNAL SIGTERM
CMD ["planchette", "run"]
