package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fdpass"
)

// converse answers one supervisor until it leaves. What it prepared and did not serve is given up then.
func (h *host) converse(c *fdpass.Conn) {
	h.talks.Add(1)
	defer h.left()
	defer c.Close()
	t := talk{host: h, sockets: map[string]net.Listener{}}
	defer t.giveUp()
	for {
		var q question
		files, err := c.Receive(&q)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				slog.Warn("a conversation with the supervisor broke off", "error", err)
			}
			return
		}
		a, out := t.answer(&q, files)
		fdpass.CloseAll(files)
		err = c.Send(a, out...)
		fdpass.CloseAll(out)
		if err != nil {
			return
		}
	}
}

// talk is one conversation: what was prepared in it waits for a word in it.
type talk struct {
	*host
	sockets map[string]net.Listener // that came in it, and that no configuration has taken
	serve   func(revision uint64)
	abandon func()
}

// answer does what is asked, and returns what to say and the sockets to send along.
func (t *talk) answer(q *question, files []int) (a answer, out []int) {
	var err error
	switch q.Verb {
	case askState:
		s := t.State()
		if at := t.alone.Load(); at > 0 {
			s.Alone = time.Unix(0, at)
		}
		a.State = &s
	case askSockets:
		a.Addresses, out = t.files()
	case askHealth:
		health := t.instance.Health()
		a.Health = &health
	case askMachine:
		m := t.Machine()
		a.Machine = &m
	case askMetrics:
		a.Metrics, err = t.encodeMetrics()
	case prepare:
		err = t.prepareAsked(q, files)
	case serve:
		if t.serve == nil {
			err = errors.New("nothing is prepared")
			break
		}
		t.serve(q.Revision)
		t.alone.Store(0)
		t.serve, t.abandon = nil, nil
		t.discard()
	case abandon:
		t.giveUp()
	case drain:
		go t.end(time.Now().Add(q.Within))
	default:
		err = fmt.Errorf("this instance does not know %q", q.Verb)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a, out
}

func (t *talk) prepareAsked(q *question, files []int) error {
	t.giveUp()
	if q.Config == nil {
		return errors.New("there is no configuration")
	}
	if err := t.receive(q.Addresses, files); err != nil {
		t.discard()
		return err
	}
	var err error
	t.serve, t.abandon, err = t.prepare(context.Background(), *q.Config, t.sockets, q.Warm)
	if err != nil {
		t.discard()
	}
	return err
}

// giveUp abandons what was prepared.
func (t *talk) giveUp() {
	if t.abandon != nil {
		t.abandon()
		t.discard()
	}
	t.serve, t.abandon = nil, nil
}

// receive keeps listening sockets until a configuration wants them.
func (t *talk) receive(addresses []string, files []int) error {
	if len(addresses) != len(files) {
		return fmt.Errorf("%d sockets came with %d addresses", len(files), len(addresses))
	}
	for i, f := range files {
		ln, err := conn.Listener(f)
		if err != nil {
			return fmt.Errorf("take over the socket of %s: %w", addresses[i], err)
		}
		if was := t.sockets[addresses[i]]; was != nil {
			was.Close()
		}
		t.sockets[addresses[i]] = ln
	}
	return nil
}

// discard closes the sockets of this conversation that no configuration wanted.
func (t *talk) discard() {
	for _, ln := range t.sockets {
		ln.Close()
	}
	clear(t.sockets)
}
