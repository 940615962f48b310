package conn

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"io"
)

// Certificate returns a tls.Config.GetCertificate that offers cert. An RSA signature takes about a millisecond, for which
// an event loop would keep all its clients waiting: it is computed beside the loop. Signatures of elliptic curves take
// less time than it costs to move them.
func Certificate(cert *tls.Certificate) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	key, slow := cert.PrivateKey.(*rsa.PrivateKey)
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		u, ours := hello.Conn.(*tlsCarrier)
		if !slow || !ours {
			return cert, nil
		}
		b, ok := bottom(u.Conn).(offloader)
		if !ok {
			return cert, nil
		}
		c := *cert
		c.PrivateKey = offloadKey{key, b.offload}
		return &c, nil
	}
}

// offloader is a Conn whose loop must not compute for long.
type offloader interface{ offload(f func()) }

// offloadKey is a private key that works beside the loop of a handshake.
type offloadKey struct {
	key     *rsa.PrivateKey
	offload func(f func())
}

func (k offloadKey) Public() crypto.PublicKey { return k.key.Public() }

func (k offloadKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	k.offload(func() { signature, err = k.key.Sign(rand, digest, opts) })
	return signature, err
}

// Decrypt is for suites of TLS 1.2 in which the client chooses the secret.
func (k offloadKey) Decrypt(rand io.Reader, message []byte, opts crypto.DecrypterOpts) (plain []byte, err error) {
	k.offload(func() { plain, err = k.key.Decrypt(rand, message, opts) })
	return plain, err
}
