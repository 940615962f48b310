package main

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
)

// running are the servers that run: whoever ends this program early is not to be left with them.
var running fleet

type fleet struct {
	mu   sync.Mutex
	list []*server
}

func (f *fleet) add(s *server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, s)
}

func (f *fleet) forget(s *server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(x *server) bool { return x == s })
}

// endOnSignal lets a signal end the servers, then this program. folder is removed too.
func (f *fleet) endOnSignal(folder string) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-told
		f.mu.Lock() // for good: nothing starts any more
		for _, s := range f.list {
			s.cmd.Process.Signal(syscall.SIGTERM)
			s.cmd.Process.Wait()
		}
		os.RemoveAll(folder)
		os.Exit(1)
	}()
}
