// Package silent plays the crowd that holds every place and says nothing, and the client who has something to ask.
package silent

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Play lets a silent client connect to an address every so often, for so long, and counts how many of the questions that
// a well-behaved client asks meanwhile, one a second on a connection of its own, are answered with 200 within patience.
func Play(to string, every, length, patience time.Duration) (asked, answered int) {
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	crowd.Go(func() { gather(to, every, stop, &crowd) })
	var mu sync.Mutex
	var questions sync.WaitGroup
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(time.Second) {
		asked++
		questions.Go(func() {
			if ask(to, patience) == nil {
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	questions.Wait()
	close(stop)
	crowd.Wait()
	return asked, answered
}

// gather connects again and again. Whoever the server lets go leaves; the others leave at the end.
func gather(to string, every time.Duration, stop <-chan struct{}, crowd *sync.WaitGroup) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		c, err := net.DialTimeout("tcp", to, time.Second)
		if err != nil {
			continue
		}
		crowd.Go(func() {
			defer c.Close()
			gone := make(chan struct{})
			go func() { io.Copy(io.Discard, c); close(gone) }()
			select {
			case <-gone:
			case <-stop:
				c.Close()
				<-gone
			}
		})
	}
}

// ask asks once.
func ask(to string, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	c, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", to)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(deadline)
	if _, err := io.WriteString(c, "GET /1k HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", r.StatusCode)
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}
