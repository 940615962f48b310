package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"causeway/internal/arm"
	"causeway/internal/history"
)

// slowDatabase takes its time to read.
type slowDatabase struct {
	database
	began, goOn chan struct{}
	closed      bool // nothing but the recorder's lock keeps it from its readers
}

func (d *slowDatabase) Read(context.Context, string, time.Time, time.Time) ([]history.Series, error) {
	close(d.began)
	<-d.goOn
	if d.closed {
		return nil, errors.New("it closed while somebody read it")
	}
	return nil, nil
}

func (d *slowDatabase) Close() error {
	d.closed = true
	return nil
}

// The database does not close while somebody reads it: its files would no longer be mapped.
func TestTheHistoryClosesAfterItsReaders(t *testing.T) {
	d := &slowDatabase{began: make(chan struct{}), goOn: make(chan struct{})}
	r := &recorder{}
	r.open(d)
	now := time.Now()
	read, closed := make(chan error), make(chan struct{})
	go func() {
		_, err := r.Read(t.Context(), "requests_total", now, now)
		read <- err
	}()
	<-d.began
	go func() { r.close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(50 * time.Millisecond): // long enough to do so by mistake
	}
	close(d.goOn)
	if err := <-read; err != nil {
		t.Error(err)
	}
	<-closed
	if _, err := r.Read(t.Context(), "requests_total", now, now); !errors.Is(err, arm.ErrNoHistory) {
		t.Errorf("after it closed: %v", err)
	}
}
