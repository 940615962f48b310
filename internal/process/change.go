package process

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"causeway/internal/fdpass"
)

// Change is a configuration that an instance has prepared and does not serve yet.
type Change struct {
	p         *Process
	c         *fdpass.Conn
	addresses map[string]bool // that it serves from then on
}

// prepareMargin is how much longer than the first probes the rest of a preparation may take: reading and compiling the document.
const prepareMargin = 60 * time.Second

// Prepare makes the instance ready for a configuration. sockets are all listening sockets of the configuration, by address;
// those that the instance lacks go to it. A ctx that ends first, or an error, changes nothing.
func (p *Process) Prepare(ctx context.Context, config Config, sockets map[string]int, warm time.Duration) (*Change, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	q := question{Verb: prepare, Config: &config, Warm: warm}
	n := &Change{p: p, c: c, addresses: map[string]bool{}}
	var files []int
	p.mu.Lock()
	for address, f := range sockets {
		n.addresses[address] = true
		if !p.held[address] {
			q.Addresses, files = append(q.Addresses, address), append(files, f)
		}
	}
	p.mu.Unlock()
	c.SetDeadline(time.Now().Add(warm + prepareMargin)) // before the next line, which ends the wait early
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	_, _, err = p.converse(c, q, files...)
	if !stop() && err != nil {
		err = fmt.Errorf("apply the configuration: %w", context.Cause(ctx))
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return n, nil
}

// Serve puts the configuration in force, as this revision.
func (n *Change) Serve(revision uint64) error {
	defer n.c.Close()
	_, files, err := n.p.exchange(n.c, question{Verb: serve, Revision: revision}, AnswerTime)
	fdpass.CloseAll(files)
	if err != nil {
		return err
	}
	n.p.mu.Lock()
	n.p.held = n.addresses
	n.p.mu.Unlock()
	_, err = n.p.State(AnswerTime)
	return err
}

// Abandon gives it up.
func (n *Change) Abandon() {
	defer n.c.Close()
	if _, _, err := n.p.exchange(n.c, question{Verb: abandon}, AnswerTime); err != nil {
		slog.Debug("an instance was not asked to give a configuration up; the end of the conversation says so too", "error", err)
	}
}

// Instance is the instance that prepared it.
func (n *Change) Instance() *Process { return n.p }
