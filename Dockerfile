# Causeway alone: a static binary and no shell, as a user without rights.
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/causeway ./cmd/causeway \
 && mkdir -m 0700 -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/causeway /usr/bin/causeway
COPY --from=build --chown=65532:65532 /out/data /var/lib/causeway
USER 65532:65532
VOLUME /var/lib/causeway
ENV CAUSEWAY_DATA=/var/lib/causeway
ENTRYPOINT ["/usr/bin/causeway"]
CMD ["serve", "--config", "/etc/causeway/gateway.json", "--port-offset", "8000"]
