package accesslog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// What buffers were given is on disk in whole lines, from however many of them at once, or it is counted as lost.
func TestBuffersLoseNothing(t *testing.T) {
	root := t.TempDir()
	w := NewWriter(root)
	const each, buffers = 1000, 4 // less than the queue holds, however slow the disk is
	var wg sync.WaitGroup
	for range buffers {
		wg.Go(func() {
			b, r := w.NewBuffer(), success()
			for i := range each {
				r.ClientUses = i
				if b.Write(&r); i%700 == 0 {
					b.Flush()
				}
				if i%500 == 0 {
					w.Write(&r)
				}
			}
			b.Flush()
		})
	}
	wg.Wait()
	w.Close()
	lines := bytes.Split(bytes.TrimSuffix([]byte(read(t, root)), []byte("\n")), []byte("\n"))
	const want = buffers * (each + each/500)
	if w.Written() != want || w.Lost() != 0 || len(lines) != want {
		t.Fatalf("%d written, %d lost, %d lines, want %d", w.Written(), w.Lost(), len(lines), want)
	}
	uses := map[int]int{}
	for _, line := range lines {
		r, _, err := Decode(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		uses[r.ClientUses]++
	}
	for i := range each {
		if uses[i] < buffers {
			t.Fatalf("record %d is there %d times, want %d", i, uses[i], buffers)
		}
	}
}

// A flushed record reaches the disk without waiting for anything else.
func TestFlushReachesTheDisk(t *testing.T) {
	root := t.TempDir()
	w := NewWriter(root)
	defer w.Close()
	b, r := w.NewBuffer(), success()
	b.Write(&r)
	b.Flush()
	await(t, func() bool { return w.Written() == 1 })
	b.Flush() // nothing
	if got := strings.Count(read(t, root), "\n"); got != 1 {
		t.Errorf("%d lines", got)
	}
}

// Every record that is not on disk is counted: beyond the bound of the queue, on a disk that fails, after the end.
func TestBuffersCountWhatTheyLose(t *testing.T) {
	r := success()
	stuck := &Writer{root: t.TempDir(), now: time.Now, wake: make(chan struct{}, 1)} // nobody writes
	b := stuck.NewBuffer()
	const all = 20_000
	for range all {
		b.Write(&r)
	}
	b.Flush()
	var queued int64
	for _, h := range stuck.handed {
		queued += h.lines
	}
	if stuck.Lost() == 0 || queued+stuck.Lost() != all || stuck.size > queueBytes+bufferBytes {
		t.Errorf("%d queued, %d lost of %d; %d bytes", queued, stuck.Lost(), all, stuck.size)
	}

	root := filepath.Join(t.TempDir(), "logs")
	if err := os.WriteFile(root, nil, 0o600); err != nil { // a file where a folder is due
		t.Fatal(err)
	}
	w := NewWriter(root)
	b = w.NewBuffer()
	for range 500 {
		b.Write(&r)
	}
	b.Flush()
	w.Close()
	if w.Lost() != 500 || w.Written() != 0 {
		t.Errorf("disk failure: %d lost, %d written", w.Lost(), w.Written())
	}
	b.Write(&r)
	b.Flush()
	if w.Lost() != 501 {
		t.Errorf("after the end: %d lost", w.Lost())
	}
}

// Once its memory has made the round, a buffer costs none.
func TestBufferAllocatesNothing(t *testing.T) {
	w := NewWriter(t.TempDir())
	defer w.Close()
	b, r := w.NewBuffer(), success()
	b.Write(&r)
	if n := testing.AllocsPerRun(20, func() { b.Write(&r) }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// Many at once, each with a buffer of its own.
func BenchmarkBuffers(b *testing.B) {
	w := NewWriter(b.TempDir())
	defer w.Close()
	b.RunParallel(func(pb *testing.PB) {
		buffer, r := w.NewBuffer(), success()
		r.Names = r.AppendNames(nil)
		for pb.Next() {
			buffer.Write(&r)
		}
		buffer.Flush()
	})
}
