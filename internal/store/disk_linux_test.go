package store_test

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"causeway/internal/store/storetest"
)

// The disk is full: writes fail with an error, the process lives and says why, and nothing acknowledged is lost.
func TestAFullDisk(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "disk")
	if err := storetest.SmallDisk(t, disk, "160m"); err != nil {
		t.Skipf("a file system of its own cannot be mounted here: %v", err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s", text[max(0, len(text)-4000):])
		}
	})
	p := &process{t: t, dir: filepath.Join(disk, "s"), log: log}
	p.start()
	t.Cleanup(p.stop)
	eventually(t, "the process answers", func() bool { return p.ask(order{Do: "status"}).Votes })
	if a := p.ask(order{Do: "put", Value: "the first"}); a.Failure != "" {
		t.Fatal(a)
	}
	storetest.Fill(t, filepath.Join(disk, "filler"))

	last, value := int64(1), "the first"
	var failed answer
	for range 100 {
		text := make([]byte, 1<<20)
		rand.Read(text)
		o := order{Do: "put", Value: hex.EncodeToString(text), If: last}
		if failed = p.ask(o); failed.Failure != "" {
			break
		}
		last, value = failed.Revision, o.Value
	}
	if failed.Failure == "" {
		t.Fatal("the disk does not fill up")
	}
	t.Logf("after revision %d: %s", last, failed.Text)
	eventually(t, "the store says that it lags", func() bool { return p.ask(order{Do: "status"}).Lagging })
	if a := p.ask(order{Do: "get"}); a.Failure == "" && a.Revision < last {
		t.Errorf("it answers with revision %d after %d", a.Revision, last)
	}

	p.kill() // as a supervisor does that starts itself anew
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	p.start()
	var a answer
	eventually(t, "it answers again", func() bool { a = p.ask(order{Do: "get"}); return a.Failure == "" })
	if a.Revision < last || a.Revision == last && a.Value != value {
		t.Errorf("revision %d is lost: %d", last, a.Revision)
	}
	eventually(t, "it writes again", func() bool {
		now := p.ask(order{Do: "get"})
		return now.Failure == "" && p.ask(order{Do: "put", Value: "the last", If: now.Revision}).Failure == ""
	})
}
