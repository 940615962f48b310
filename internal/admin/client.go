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

// Health is the backend-health document.
func (c *Client) Health() (v gateway.Health, err error) { return v, c.get("/health", &v) }

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
	var reply Reply
	if err := c.do(req, &reply); err != nil {
		return nil, err
	}
	if !reply.Applied {
		return reply.Problems, &Refusal{errors.New(reply.Error), reply.Hint}
	}
	return reply.Problems, nil
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
	var reply Reply
	if err := c.do(req, &reply); err != nil {
		return err
	}
	if !reply.Applied {
		return &Refusal{errors.New(reply.Error), reply.Hint}
	}
	return nil
}

func (c *Client) get(path string, v any) error {
	req, err := http.NewRequest(http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		return err
	}
	return c.do(req, v)
}

func (c *Client) do(req *http.Request, v any) error {
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the gateway at %s: %w", c.socket, &unreached{err})
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyMax))
	if err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("read the gateway's answer (%s): %w", res.Status, err)
	}
	return nil
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
