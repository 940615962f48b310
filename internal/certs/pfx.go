package certs

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// PFXError says why a PKCS #12 file, RFC 7292, is not read, and what to do about it.
type PFXError struct {
	File    string // empty for one inside a document
	Problem string

	fault  fault
	legacy bool  // OpenSSL 3 reads it with -legacy alone
	err    error // of the decoder, if it had the word
}

// fault is what is wrong with a PFX: it decides what to do.
type fault int

const (
	foreign  fault = iota // it is something else, or damaged
	locked                // the password is another one
	unread                // a form or a cipher that other programs read
	twoKeys               // more than one key
	keyless               // no key, or none that a certificate belongs to
	pemInPFX              // PEM, which has keys of its own in causeway.yaml
)

func (e *PFXError) Error() string {
	if e.File == "" {
		return "read PFX: " + e.Problem
	}
	return fmt.Sprintf("read PFX %s: %s", e.File, e.Problem)
}

func (e *PFXError) Unwrap() error { return e.err }

// Hint says what to do: for a file that others read, the command that rewrites it. It goes by way of a file, because
// openssl pkcs12 -export reads its input twice, first for the key.
func (e *PFXError) Hint() string {
	base := "old"
	if e.File != "" {
		base = strings.TrimSuffix(e.File, filepath.Ext(e.File))
	}
	between := shellWord(base + ".new.pem")
	read := "openssl pkcs12 -in " + shellWord(cmp.Or(e.File, "old.pfx")) + " -nodes -out " + between
	if e.legacy {
		read += " -legacy"
	}
	write := "openssl pkcs12 -export -in " + between + " -out " + shellWord(base+".new.pfx") + " && rm " + between
	switch e.fault {
	case unread:
		return e.place("rewrite it: " + read + " && " + write)
	case twoKeys:
		return e.place("take it apart: " + read + "; keep one private key with its certificate and chain in that file; then: " + write)
	case keyless:
		return "export the certificate again, together with its private key"
	case locked, foreign:
		if e.File == "" {
			return "check data and password in the document, or name its files under certificates in causeway.yaml"
		}
		if e.fault == locked {
			return "check the password beside it in causeway.yaml"
		}
	case pemInPFX:
		return "name it under cert and its key under key, instead of pfx"
	}
	return "give a PKCS #12 file with one key, its certificate and the chain, as it was exported"
}

// place tells what to do before and after with a PFX that is part of a document.
func (e *PFXError) place(command string) string {
	if e.File != "" {
		return command
	}
	return "save the data as a file: base64 -d > old.pfx; " + command + "; then name the new file under certificates in causeway.yaml"
}

// shellWord quotes a name for a shell, if need be.
func shellWord(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("./_-+:@", r) && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// FromPFX decodes a PKCS #12 file with one key. The certificate is the one of the key, whatever the order in the file; its
// chain follows by issuer, and authorities that are no part of it are left out. The error is a *PFXError.
func FromPFX(data []byte, password string) (*tls.Certificate, error) {
	form := formOf(data)
	if form.problem != nil {
		return nil, form.problem
	}
	key, first, others, err := pkcs12.DecodeChain(data[:form.length], password)
	if err != nil {
		return nil, refused(data, form, err)
	}
	leaf := certificateOf(key, append(others, first))
	if leaf == nil {
		return nil, &PFXError{Problem: "none of its certificates belongs to its private key", fault: keyless}
	}
	pair := &tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, c := range chainOf(leaf, append(others, first)) {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, nil
}

// form is how a PFX is written.
type form struct {
	length  int // without what follows it
	ber     bool
	problem *PFXError // it is no PFX at all
}

// versionOfPFX begins the content of every PFX: its version, 3.
var versionOfPFX = []byte{2, 1, 3}

func formOf(data []byte) form {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) {
		return form{problem: &PFXError{Problem: "it is PEM, not PKCS #12", fault: pemInPFX}}
	}
	e := scanElement(data, 0)
	switch {
	case len(data) == 0:
		return form{problem: &PFXError{Problem: "it is empty"}}
	case !e.ok && data[0] == 0x30:
		return form{problem: &PFXError{Problem: "it is cut short or damaged"}}
	case !e.ok || !bytes.HasPrefix(data[e.head:], versionOfPFX):
		return form{problem: &PFXError{Problem: "it is not a PKCS #12 file"}}
	}
	return form{length: e.length, ber: e.ber}
}

// refused explains an error of the decoder. It distinguishes errors without a type by their text; a test watches these texts.
func refused(data []byte, form form, err error) *PFXError {
	e := &PFXError{err: err, legacy: needsLegacy(data), fault: unread, Problem: strings.ReplaceAll(err.Error(), "pkcs12: ", "")}
	var notImplemented pkcs12.NotImplementedError
	switch {
	case form.ber:
		e.Problem = "it is written in BER, as NSS and Firefox write it; only DER is read"
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		e.fault, e.Problem = locked, "the password is not the one that it was made with"
	case errors.As(err, &notImplemented), strings.HasSuffix(err.Error(), " is not supported"): // some lose their type on the way
		e.Problem = "it has a form or a cipher that is not read: " + e.Problem
	case strings.Contains(err.Error(), "expected exactly one key bag"):
		e.fault, e.Problem = twoKeys, "it holds more than one private key"
	case strings.Contains(err.Error(), "private key missing"), strings.Contains(err.Error(), "certificate missing"):
		e.fault, e.Problem = keyless, "it holds no private key with a certificate"
	}
	return e
}

// legacyCiphers are those that OpenSSL 3 reads only with -legacy, by the encoding of their object identifiers: RC2 and RC4
// of PKCS #12, all of PKCS #5 version 1, RC2, RC4, DES, IDEA, SEED, CAST5 and Blowfish of PKCS #5 version 2.
var legacyCiphers = []string{
	"2a864886f70d010c0101", "2a864886f70d010c0102", "2a864886f70d010c0105", "2a864886f70d010c0106",
	"2a864886f70d010501", "2a864886f70d010503", "2a864886f70d010504", "2a864886f70d010506", "2a864886f70d01050a", "2a864886f70d01050b",
	"2a864886f70d0302", "2a864886f70d0304", "2b0e030207", "2b06010401813c07010102", "2a831a8c9a440104", "2a864886f67d07420a",
	"2b0601040197550102",
}

func needsLegacy(data []byte) bool {
	for _, text := range legacyCiphers {
		id, err := hex.DecodeString(text)
		if err != nil {
			continue
		}
		if bytes.Contains(data, append([]byte{6, byte(len(id))}, id...)) {
			return true
		}
	}
	return false
}
