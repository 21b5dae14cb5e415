# The live page in a container: docs/publishing.md#the-container-image.
#
#   docker build -t mien .
#   docker run --rm --init -p 127.0.0.1:3000:3000 \
#     -v mien-people:/data/artifacts/people -v mien-sessions:/data/artifacts/sessions mien

FROM node:24-trixie-slim AS build
WORKDIR /mien
COPY . .
RUN npm ci --ignore-scripts
RUN node tools/publish/image.mjs /image

FROM debian:trixie-slim
# What Node needs; the image of Node has npm and headers, too, which double its size.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libstdc++6 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 1000 --create-home mien \
  && install -d -o mien -g mien /data /data/artifacts /data/artifacts/people /data/artifacts/sessions
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /image /mien

# onnxruntime reports its usage to its maker without this variable.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
USER mien
# mien writes below the folder in which it is started.
WORKDIR /data
VOLUME ["/data/artifacts/people", "/data/artifacts/sessions"]
EXPOSE 3000
# Any answer shows that the server works: without a token it is 401.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/').then(() => process.exit(0), () => process.exit(1))"]
# Within the container the server must listen on all addresses, or Docker could not forward the port
# to it. Who can reach the page is decided by -p, and mien demands the token that it prints.
ENTRYPOINT ["node", "/mien/packages/mien/dist/bin.js"]
CMD ["live", "--host", "0.0.0.0", "--port", "3000", "--no-open"]
