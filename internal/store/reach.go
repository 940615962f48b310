package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// reachTime is how long Reach waits for a quorum.
const reachTime = 3 * time.Second

// Reach is for commands: it is the store of a directory, whether or not a gateway runs on it. One that is in use is reached
// as a client, where it belongs to a cluster; a single node has no socket, and the error is ErrInUse.
func Reach(ctx context.Context, dir string) (*Store, error) {
	s, err := Open(ctx, Options{Dir: dir})
	if !errors.Is(err, ErrInUse) {
		return s, err
	}
	member, errMember := readMember(dir)
	if errMember != nil {
		return nil, errMember
	}
	if member == nil {
		return nil, err
	}
	return reachMember(ctx, dir, member)
}

func reachMember(ctx context.Context, dir string, member *MemberFile) (*Store, error) {
	s := &Store{
		o:        Options{Dir: dir, Mode: ExternalMode, Name: member.Name, External: member.access(dir), History: defaultHistory},
		places:   places{defaultPrefix},
		member:   member,
		watchers: map[*watcher]struct{}{},
		nudged:   make(chan struct{}, 1),
		full:     make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.client, err = dial(s.o.External); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	if err := s.begin(ctx); fatal(err) { // without a quorum the members can still be listed
		return nil, errors.Join(fmt.Errorf("reach the store: %w", err), s.release())
	}
	return s, nil
}
