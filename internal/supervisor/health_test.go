package supervisor

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// The log names a disk that does not take the health once, and again only after the disk has worked in between.
func TestHealthThatCannotBeKept(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.end()
	var told bytes.Buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&told, nil)))
	defer slog.SetDefault(was)
	f := func(what string, want int) {
		t.Helper()
		h.s.health = nil // it has changed
		h.s.writeHealth(gateway.Health{})
		if n := strings.Count(told.String(), "could not be kept"); n != want {
			t.Errorf("%s: told %d times, want %d", what, n, want)
		}
	}
	f("fine", 0)
	aside := h.o.Data + ".aside"
	if err := os.Rename(h.o.Data, aside); err != nil {
		t.Fatal(err)
	}
	f("gone", 1)
	f("still gone", 1)
	if err := os.Rename(aside, h.o.Data); err != nil {
		t.Fatal(err)
	}
	f("back", 1)
	if h.s.health == nil {
		t.Error("it was not kept")
	}
	if err := os.Rename(h.o.Data, aside); err != nil {
		t.Fatal(err)
	}
	f("gone again", 2)
}
