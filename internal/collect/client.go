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
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Options say where to collect, as whom, and what.
type Options struct {
	API      string // https://HOST:PORT, or unix:PATH, where the user is the credential
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
	max   int64         // bytes of an answer
	pause time.Duration // busyPause, except in tests
	token string

	absent  []string  // nodes of a cluster whose part of an answer is missing
	unasked []string  // nodes of a cluster whose access log is their own
	until   time.Time // when the token is renewed
	o       Options
}

// Bounds of an answer. A busy API says so after a minute, and gives a client two more to read what it answers.
const (
	answerMax  = 64 << 20 // bytes
	answerTime = 3*time.Minute + 10*time.Second
)

// busyPause is how long a busy API is left alone before it is asked again; twice that the next time.
const busyPause = 5 * time.Second

// renewAfter is for how long a token is used: one of Causeway's lives fifteen minutes, and a large log takes longer.
const renewAfter = 10 * time.Minute

// OnSocket is the path of the socket, where the API is on one.
func (o Options) OnSocket() (path string, ok bool) { return strings.CutPrefix(o.API, "unix:") }

// onSocket reaches an API on a unix socket. It needs no token.
func onSocket(path string) *client {
	c := &client{base: "http://localhost", max: answerMax, pause: busyPause}
	c.http.Timeout = answerTime
	c.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	return c
}

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
	c := &client{base: strings.TrimRight(o.API, "/"), max: answerMax, pause: busyPause, o: o}
	c.http.Timeout = answerTime
	c.http.Transport = &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { // the API has none; the secret would follow one
		return http.ErrUseLastResponse
	}
	return c, nil
}

// signIn gets a token for the credential, where one is needed.
func signIn(ctx context.Context, o Options) (*client, error) {
	if path, is := o.OnSocket(); is {
		return onSocket(path), nil
	}
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	if err := c.renew(ctx); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return c, nil
}

// renew gets a token.
func (c *client) renew(ctx context.Context) error {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.o.ClientID}, "client_secret": {c.o.Secret},
		"scope": {c.base + "/arm/.default"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/adfs/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.token = ""
	text, _, err := c.do(r)
	if err != nil {
		return err
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &granted); err != nil || granted.Token == "" {
		return errors.New("the API answers without a token")
	}
	c.token, c.until = granted.Token, time.Now().Add(renewAfter)
	return nil
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

// stayIn renews the token where that is due: evidence of a month takes longer than a token lives.
func (c *client) stayIn(ctx context.Context) error {
	if c.token == "" || time.Now().Before(c.until) {
		return nil
	}
	if err := c.renew(ctx); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return nil
}

// ask makes a request of the API. The query has the api-version already.
func (c *client) ask(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	if err := c.stayIn(ctx); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	text, missing, err := c.do(r)
	c.absent = join(c.absent, missing)
	return text, err
}

// join adds names that are not there yet.
func join(all, more []string) []string {
	all = append(all, more...)
	slices.Sort(all)
	return slices.Compact(all)
}

// do makes a request. It also returns the nodes whose part the answer lacks.
func (c *client) do(r *http.Request) (text []byte, missing []string, err error) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, c.max+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(text)) > c.max {
		return nil, nil, fmt.Errorf("the API answers with more than %d bytes; collect a shorter time", c.max)
	}
	if resp.StatusCode != http.StatusOK {
		code, reason := reasonOf(text)
		return nil, nil, &answerError{resp.StatusCode, code, reason}
	}
	return text, strings.FieldsFunc(resp.Header.Get("Causeway-Missing-Nodes"), func(c rune) bool { return c == ',' || c == ' ' }), nil
}

// answerError is an answer that refuses.
type answerError struct {
	status int
	code   string // of ARM; empty: it has none
	reason string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the API answers %d: %s", e.status, e.reason)
}

// reasonOf is what an answer says, in the form of ARM or of OAuth.
func reasonOf(text []byte) (code, reason string) {
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var arm struct{ Code, Message string }
	if json.Unmarshal(text, &said) == nil && said.Description != "" {
		return "", said.Description
	}
	if json.Unmarshal(said.Error, &arm) == nil && arm.Message != "" {
		return arm.Code, arm.Code + ": " + arm.Message
	}
	return "", strings.TrimSpace(string(text[:min(len(text), 200)]))
}
