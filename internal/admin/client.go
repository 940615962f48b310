package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/store"
)

// ErrNotRunning is returned when nobody serves the control socket.
var ErrNotRunning = errors.New("no gateway is running there")

// Client talks to the control socket of a running gateway.
type Client struct {
	socket string
	http   http.Client
}

// NewClient does not connect yet.
func NewClient(socket string) *Client {
	c := &Client{socket: socket}
	c.http.Timeout = time.Minute
	c.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	return c
}

// Config is what is being served.
func (c *Client) Config() (v Config, err error) { return v, c.get("/config", &v) }

// Health is the backend-health document. The error is a *Refusal, which says why no instance gives one, or a failure to reach the gateway.
func (c *Client) Health() (v gateway.Health, err error) { return v, c.ask("/health", &v) }

// Status is what the gateway says of itself.
func (c *Client) Status() (v Status, err error) { return v, c.get("/status", &v) }

// Machine is what the gateway runs on. A gateway of an older version has no answer to that.
func (c *Client) Machine() (v evidence.Machine, err error) { return v, c.get("/machine", &v) }

// Refusal is the error of a gateway that does not take a configuration, with what to do about it.
type Refusal struct {
	Err  error // from a Client: its text alone
	Hint string
}

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// HintOf returns the hint of a Refusal in err's chain; empty if there is none.
func HintOf(err error) string {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Hint
	}
	return ""
}

// Apply asks for another configuration. The error is a *Refusal or a failure to reach the gateway; the problems come with
// either. If ctx ends first, the gateway gives the configuration up, unless it serves it already.
func (c *Client) Apply(ctx context.Context, config Config) ([]gateway.Problem, error) {
	body, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://gateway/config", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return c.change(req)
}

// change sends what changes the configuration.
func (c *Client) change(req *http.Request) ([]gateway.Problem, error) {
	var reply Reply
	if _, err := c.do(req, &reply); err != nil {
		return nil, err
	}
	if !reply.Applied {
		return reply.Problems, &Refusal{errors.New(reply.Error), reply.Hint}
	}
	return reply.Problems, nil
}

// History lists the changes that the store keeps, the newest first. The error is a *Refusal or a failure to reach the gateway.
func (c *Client) History() (v []store.Change, err error) { return v, c.ask("/history", &v) }

// At is the configuration as it was at a revision. Errors are those of History.
func (c *Client) At(revision int64) (v Config, err error) {
	return v, c.ask(fmt.Sprint("/config/", revision), &v)
}

// Rollback serves the configuration of an earlier revision, as a new one. Errors are those of Apply.
func (c *Client) Rollback(ctx context.Context, revision int64) ([]gateway.Problem, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprint("http://gateway/rollback/", revision), nil)
	if err != nil {
		return nil, err
	}
	return c.change(req)
}

// Backup writes the whole store to w, for these recipients if there are any. Errors are those of History; what was written
// until an error is of no use.
func (c *Client) Backup(ctx context.Context, w io.Writer, recipients []string) error {
	query := url.Values{"recipient": recipients}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/backup?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the gateway at %s: %w", c.socket, &unreached{err})
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	if failed := res.Trailer.Get(failedTrailer); failed != "" {
		return &Refusal{Err: errors.New(failed)}
	}
	return nil
}

// Upgrade lets the program that is now installed take over, and returns once that serves. Errors are those of Apply.
func (c *Client) Upgrade(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway/upgrade", nil)
	if err != nil {
		return err
	}
	patient := Client{socket: c.socket, http: c.http}
	patient.http.Timeout = 0 // as long as the successor takes
	_, err = patient.change(req)
	return err
}

// SetRunning starts a gateway that was stopped, or stops it. The error is a *Refusal or a failure to reach the gateway.
func (c *Client) SetRunning(ctx context.Context, running bool) error {
	path := "/stop"
	if running {
		path = "/start"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway"+path, nil)
	if err != nil {
		return err
	}
	_, err = c.change(req)
	return err
}

// ask gets what the gateway may refuse.
func (c *Client) ask(path string, v any) error { return c.asked(request(path), v) }

func (c *Client) asked(req *http.Request, v any) error {
	var raw json.RawMessage
	status, err := c.do(req, &raw)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var reply Reply
		if err := json.Unmarshal(raw, &reply); err != nil {
			return fmt.Errorf("read the gateway's answer: %w", err)
		}
		return &Refusal{errors.New(reply.Error), reply.Hint}
	}
	return json.Unmarshal(raw, v)
}

func (c *Client) get(path string, v any) error {
	_, err := c.do(request(path), v)
	return err
}

func request(path string) *http.Request {
	req, err := http.NewRequest(http.MethodGet, "http://gateway"+path, nil)
	if err != nil { // our own paths are well-formed
		panic(err)
	}
	return req
}

func (c *Client) do(req *http.Request, v any) (status int, err error) {
	res, err := c.http.Do(req)
	if err != nil && req.Method == http.MethodGet && broken(err) { // it was in the queue of a gateway that a successor has replaced
		res, err = c.http.Do(req)
	}
	if err != nil {
		return 0, fmt.Errorf("ask the gateway at %s: %w", c.socket, &unreached{err})
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyMax))
	if err != nil {
		return 0, fmt.Errorf("read the gateway's answer: %w", err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return 0, fmt.Errorf("read the gateway's answer (%s): %w", res.Status, err)
	}
	return res.StatusCode, nil
}

// broken reports whether a connection that was made ended without an answer. How that looks depends on how far the request was.
func broken(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return false
	}
	var late net.Error
	return !(errors.As(err, &late) && late.Timeout()) && !errors.Is(err, context.Canceled)
}

// unreached is ErrNotRunning, with the error of the connection where that says more.
type unreached struct{ met error }

func (e *unreached) Error() string {
	if errors.Is(e.met, fs.ErrNotExist) || errors.Is(e.met, syscall.ECONNREFUSED) {
		return ErrNotRunning.Error()
	}
	var request *url.Error // its text names an address that is nowhere
	if errors.As(e.met, &request) {
		return request.Err.Error()
	}
	return e.met.Error()
}

func (e *unreached) Unwrap() []error { return []error{ErrNotRunning, e.met} }
