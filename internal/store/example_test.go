package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"causeway/internal/store"
)

// A supervisor opens the store of its data directory, fills an empty one, serves what it finds, and follows.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	data, err := os.MkdirTemp("", "data")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(data)

	s, err := store.Open(ctx, store.Options{Dir: store.Within(data), Handover: 10 * time.Second})
	if err != nil { // store.LastGood still has what this node served
		panic(err)
	}
	defer s.Close()

	current, err := s.Config(ctx)
	if errors.Is(err, store.ErrEmpty) {
		first := store.Snapshot{Document: []byte(plainDocument), Who: "causeway serve", Note: "from --config"}
		if _, err := s.Put(ctx, first, 0); err != nil {
			panic(err)
		}
		current, err = s.Config(ctx)
	}
	if err != nil {
		panic(err)
	}
	fmt.Println("serving revision", current.Revision)
	if err := s.KeepGood(current); err != nil {
		panic(err)
	}
	node := s.Announce(store.Node{Started: time.Now(), Revision: current.Revision, Instances: 2})

	changes := s.Watch(ctx, current.Revision)
	current.State, current.Who = store.Stopped, "ann"
	if _, err := s.Put(ctx, current, current.Revision); err != nil {
		panic(err)
	}
	select {
	case current = <-changes:
		fmt.Println("revision", current.Revision, "is", current.State)
		node.Update(store.Node{Revision: current.Revision})
	case <-s.Failed(): // the process has to start anew; instances go on
	}
	// Output:
	// serving revision 1
	// revision 2 is Stopped
}
