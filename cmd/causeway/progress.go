package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Times of the progress line.
const (
	quietFirst   = time.Second // a command that ends sooner shows no progress
	everyRefresh = 200 * time.Millisecond
)

// progresser knows how much it has read, in bytes.
type progresser interface {
	Progress() (done, size int64)
}

// showProgress keeps one line on a terminal up to date until the function that it returns is called, which erases it.
func showProgress(w io.Writer, p progresser) (done func()) {
	if terminalColumns(w) == 0 || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		watchProgress(w, p, stop)
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

func watchProgress(w io.Writer, p progresser, stop <-chan struct{}) {
	began := time.Now()
	wait := time.NewTimer(quietFirst)
	defer wait.Stop()
	shown := false
	for {
		select {
		case <-stop:
			if shown {
				io.WriteString(w, "\r\x1b[K")
			}
			return
		case <-wait.C:
			done, size := p.Progress()
			if line := progressText(done, size, time.Since(began)); line != "" {
				io.WriteString(w, "\r\x1b[K"+line)
				shown = true
			}
			wait.Reset(everyRefresh)
		}
	}
}

// progressText says how much has been read, how fast, and how long the rest takes at that pace; nothing before anything
// was read.
func progressText(done, size int64, took time.Duration) string {
	if done <= 0 || size <= 0 || took <= 0 {
		return ""
	}
	done = min(done, size)
	rate := float64(done) / took.Seconds()
	left := time.Duration(float64(size-done) / rate * float64(time.Second))
	unit, name := unitOf(float64(size))
	perSecond, rateName := unitOf(rate)
	return fmt.Sprintf("read %.1f of %.1f %s, %.0f %s/s, %s left",
		float64(done)/unit, float64(size)/unit, name, rate/perSecond, rateName, timeLeft(left))
}

// unitOf is the largest unit of which there is one.
func unitOf(bytes float64) (float64, string) {
	switch {
	case bytes >= 1e9:
		return 1e9, "GB"
	case bytes >= 1e6:
		return 1e6, "MB"
	}
	return 1e3, "kB"
}

func timeLeft(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
}
