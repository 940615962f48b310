package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Times and sizes of the care for an embedded store.
const (
	tendEvery   = time.Minute
	worthwhile  = 64 << 20 // bytes: a smaller database is not defragmented
	wastedShare = 2        // nor one of which more than one part in two is in use
)

// tend watches the alarms of etcd, and the size of an embedded one, until the store closes.
func (s *Store) tend() {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		if err := s.Tend(s.ctx); err != nil && s.ctx.Err() == nil {
			slog.Debug("the store could not be tended", "error", err)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		case <-s.full:
		}
	}
}

// Tend reads the alarms and, of an embedded store, does what helps: where it is full, it compacts, defragments, and
// clears the alarm if that made room; where more than half of a large database is free, it gives the room back to the disk.
// A member of a cluster that leads leaves defragmentation to a moment when it does not.
func (s *Store) Tend(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	resp, err := s.client.AlarmList(ctx)
	if err != nil {
		return err
	}
	s.note(resp.Alarms)
	if s.server == nil { // whoever runs it looks after it
		return nil
	}
	if full := s.raised(resp.Alarms, pb.AlarmType_NOSPACE); full {
		return s.makeRoom(ctx)
	}
	disk, inUse := s.server.Size()
	if disk >= worthwhile && inUse*wastedShare < disk && !s.leadsOthers() {
		return s.server.Defragment()
	}
	return nil
}

// note keeps the alarms for Status, and logs new ones.
func (s *Store) note(alarms []*pb.AlarmMember) {
	var names []string
	for _, a := range alarms {
		if name := a.Alarm.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s.mu.Lock()
	was := s.alarms
	s.alarms = names
	s.mu.Unlock()
	for _, name := range names {
		if !slices.Contains(was, name) {
			slog.Error("the store raises an alarm", "alarm", name, "means", meaning[name])
		}
	}
}

var meaning = map[string]string{
	"NOSPACE": "its database reached the quota, and it refuses changes",
	"CORRUPT": "a member has other data than the rest; remove that member and join it again",
}

func (s *Store) raised(alarms []*pb.AlarmMember, kind pb.AlarmType) bool {
	return slices.ContainsFunc(alarms, func(a *pb.AlarmMember) bool { return a.Alarm == kind && a.MemberID == s.server.ID() })
}

func (s *Store) leadsOthers() bool { return s.o.Mode == Member && s.server.Leader() == s.server.ID() }

// makeRoom is for a member that reached its quota.
func (s *Store) makeRoom(ctx context.Context) error {
	resp, err := s.client.Get(ctx, s.places.head(), clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	if _, err := s.client.Compact(ctx, resp.Header.Revision, clientv3.WithCompactPhysical()); err != nil && !compacted(err) {
		return err
	}
	if err := s.server.Defragment(); err != nil {
		return err
	}
	disk, inUse := s.server.Size()
	if disk > s.server.Quota()*9/10 {
		slog.Error("the store stays full: raise its quota", "inUse", inUse, "quota", s.server.Quota())
		return nil
	}
	own := &clientv3.AlarmMember{MemberID: s.server.ID(), Alarm: pb.AlarmType_NOSPACE}
	if _, err := s.client.AlarmDisarm(ctx, own); err != nil {
		return err
	}
	slog.Info("the store has room again", "bytes", disk)
	s.note(nil)
	return nil
}

func compacted(err error) bool { return errors.Is(err, rpctypes.ErrCompacted) }
