# The image of ptpu: the binary, the certificate authorities and an empty folder.
# London's time zone is in the binary.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t ptpu .

FROM golang:1.26 AS build
WORKDIR /src
COPY . .
# What ptpu says of itself in /info and `ptpu version`; make build sets the same.
ARG VERSION=dev
ARG COMMIT=unknown
ARG BUILD_TIME=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -o /out/ptpu \
    -ldflags "-X main.version=$VERSION -X main.commit=$COMMIT -X main.buildTime=$BUILD_TIME" ./cmd/ptpu \
    && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ptpu /ptpu
# Where the embedded backend and the simulators may write. A new volume that is
# mounted there takes over whose it is.
COPY --from=build --chown=65532:65532 /out/data /data
ENV PTPU_DATA_DIR=/data
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/ptpu"]
CMD ["serve"]
