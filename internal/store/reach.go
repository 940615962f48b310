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
// as a client, where it is an external etcd or belongs to a cluster; a single node has no socket, and the error is ErrInUse.
func Reach(ctx context.Context, dir string) (*Store, error) {
	o := Options{Dir: dir}
	other, err := readElsewhere(dir)
	if err != nil {
		return nil, err
	}
	if other != nil {
		o.Name, o.External = other.Name, other.External
	}
	s, err := Open(ctx, o)
	if !errors.Is(err, ErrInUse) {
		return s, err
	}
	member, errMember := readMember(dir)
	switch {
	case errMember != nil:
		return nil, errMember
	case member != nil:
		o.Name, o.External = member.Name, member.access(dir)
	case other == nil:
		return nil, err
	}
	return reachAsClient(ctx, o, member)
}

func reachAsClient(ctx context.Context, o Options, member *MemberFile) (*Store, error) {
	o.Mode, o.History = ExternalMode, defaultHistory
	s := &Store{
		o:        o,
		places:   places{orDefault(o.External.Prefix, defaultPrefix)},
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
