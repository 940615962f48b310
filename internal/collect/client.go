// Package collect gathers the evidence of a gateway over the API of Azure Resource Manager, without az.
package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options say where to collect, as whom, and what.
type Options struct {
	API      string // https://HOST:PORT
	CA       string // file with the certificate that signs the API's; empty: those of the system
	ClientID string
	Secret   string

	Subscription string // empty: the first that the API lists
	Group        string
	Gateway      string
	From, To     time.Time
}

// ErrNotHTTPS is returned for an API whose address is not https://HOST:PORT.
var ErrNotHTTPS = errors.New("its address has to be https://HOST:PORT, because the secret would go out in clear")

// client is signed in at an API.
type client struct {
	base  string
	http  http.Client
	max   int64 // bytes of an answer
	token string
}

// answerMax is how many bytes an answer may have.
const answerMax = 64 << 20

// newClient makes a client that is not signed in yet.
func newClient(o Options) (*client, error) {
	at, err := url.Parse(o.API)
	if err != nil || at.Scheme != "https" || at.Host == "" {
		return nil, ErrNotHTTPS
	}
	roots, err := rootsOf(o.CA)
	if err != nil {
		return nil, err
	}
	c := &client{base: strings.TrimRight(o.API, "/"), max: answerMax}
	c.http.Timeout = time.Minute
	c.http.Transport = &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { // the API has none; the secret would follow one
		return http.ErrUseLastResponse
	}
	return c, nil
}

// signIn gets a token for the credential.
func signIn(ctx context.Context, o Options) (*client, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.Secret},
		"scope": {c.base + "/arm/.default"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/adfs/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	text, err := c.do(r)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &granted); err != nil || granted.Token == "" {
		return nil, errors.New("sign in: the API answers without a token")
	}
	c.token = granted.Token
	return c, nil
}

func rootsOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificate to trust: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the certificate to trust: %s holds none in PEM", file)
	}
	return roots, nil
}

// ask makes a request of the API. The query has the api-version already.
func (c *client) ask(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	return c.do(r)
}

func (c *client) do(r *http.Request) ([]byte, error) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > c.max {
		return nil, fmt.Errorf("the API answers with more than %d bytes; collect a shorter time", c.max)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &answerError{resp.StatusCode, reasonOf(text)}
	}
	return text, nil
}

// answerError is an answer that refuses.
type answerError struct {
	status int
	reason string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the API answers %d: %s", e.status, e.reason)
}

// reasonOf is what an answer says, in the form of ARM or of OAuth.
func reasonOf(text []byte) string {
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var arm struct{ Code, Message string }
	if json.Unmarshal(text, &said) == nil && said.Description != "" {
		return said.Description
	}
	if json.Unmarshal(said.Error, &arm) == nil && arm.Message != "" {
		return arm.Code + ": " + arm.Message
	}
	return strings.TrimSpace(string(text[:min(len(text), 200)]))
}
