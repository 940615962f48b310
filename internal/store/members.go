package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// MemberState is a member of a cluster, as the one that was asked sees it.
type MemberState struct {
	ID      string `json:"id"`
	Name    string `json:"name"` // empty: it has not started yet
	Peer    string `json:"peer"` // URL
	Client  string `json:"client,omitempty"`
	Votes   bool   `json:"votes"` // false: it is catching up
	Leads   bool   `json:"leads"`
	Answers bool   `json:"answers"`
	Problem string `json:"problem,omitempty"`
	Size    int64  `json:"size,omitempty"`   // bytes of its database
	Behind  uint64 `json:"behind,omitempty"` // entries of the log that it has not applied yet
}

// order is by name; members that have not started have none and come last.
func (m MemberState) order() string { return orDefault(m.Name, "~"+m.ID) }

// statusTime is how long a member may take to answer for the list.
const statusTime = 2 * time.Second

// Members are the members of the cluster, by name. Without a quorum they are those that the member knows which was asked; a
// member that has not reached a quorum since its start does not answer.
func (s *Store) Members(ctx context.Context) ([]MemberState, error) {
	list, err := s.memberList(ctx)
	if err != nil {
		list, err = s.memberList(ctx, clientv3.WithSerializable())
	}
	if err != nil {
		return nil, fmt.Errorf("list the members: %w", err)
	}
	states := make(chan MemberState)
	for _, m := range list.Members {
		go func() { states <- s.memberState(ctx, m) }()
	}
	var out []MemberState
	for range list.Members {
		out = append(out, <-states)
	}
	slices.SortFunc(out, func(a, b MemberState) int { return strings.Compare(a.order(), b.order()) })
	return out, nil
}

func (s *Store) memberList(ctx context.Context, options ...clientv3.OpOption) (*clientv3.MemberListResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	return s.client.MemberList(ctx, options...)
}

func (s *Store) memberState(ctx context.Context, m *pb.Member) MemberState {
	state := MemberState{
		ID:    memberID(m.ID),
		Name:  m.Name,
		Peer:  strings.Join(m.PeerURLs, ","),
		Votes: !m.IsLearner,
	}
	if len(m.ClientURLs) == 0 {
		state.Answers = s.server != nil && m.ID == s.server.ID() // a single node without sockets
		state.Leads = state.Answers
		if !state.Answers {
			state.Problem = "it has not started yet"
		}
		return state
	}
	state.Client = m.ClientURLs[0]
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	resp, err := s.statusOf(ctx, state.Client)
	if err != nil {
		state.Problem = err.Error()
		return state
	}
	state.Answers, state.Leads, state.Size = true, resp.Leader == m.ID, resp.DbSize
	state.Behind = resp.RaftIndex - min(resp.RaftAppliedIndex, resp.RaftIndex)
	state.Problem = strings.Join(resp.Errors, "; ")
	return state
}

// statusOf asks one member itself.
func (s *Store) statusOf(ctx context.Context, endpoint string) (*clientv3.StatusResponse, error) {
	access := s.o.External
	if s.member != nil {
		access = s.member.access(s.o.Dir)
	}
	access.Endpoints = []string{endpoint}
	client, err := dial(access)
	if err != nil {
		return nil, err
	}
	defer client.Close() //nolint:errcheck // the answer is known
	resp, err := client.Status(ctx, endpoint)
	if err != nil {
		return nil, fmt.Errorf("it does not answer: %w", err)
	}
	return resp, nil
}

// Remove takes a node out of the cluster, by its name, or by the id of a member that never started. It loses its vote and
// its keys; RotateDataKey then makes sure that what it copied opens nothing new. The members of an external etcd are not
// nodes: it loses none, whatever their names.
func (s *Store) Remove(ctx context.Context, node string) error {
	list := &clientv3.MemberListResponse{}
	var err error
	if s.member != nil {
		list, err = s.client.MemberList(ctx)
	}
	if err != nil {
		return fmt.Errorf("list the members: %w", err)
	}
	at := slices.IndexFunc(list.Members, func(m *pb.Member) bool { return m.Name == node || memberID(m.ID) == node })
	keys, err := s.client.Get(ctx, s.places.nodeKeys()+node, clientv3.WithCountOnly())
	if err != nil {
		return fmt.Errorf("look for the node: %w", err)
	}
	if at < 0 && keys.Count == 0 {
		return fmt.Errorf("no node %s is part of the cluster", node)
	}
	if node == s.o.Name && at < 0 {
		return fmt.Errorf("node %s cannot remove itself: run it on another node that has the key", node)
	}
	if at >= 0 {
		if len(list.Members) == 1 {
			return errors.New("the last member cannot be removed: the store would be gone")
		}
		if err := s.removeMember(ctx, list.Members[at].ID); err != nil {
			return fmt.Errorf("remove member %s: %w", node, err)
		}
	}
	return s.Forget(ctx, node)
}

// settleTime is how long a change of the membership waits for members that have been connected for less than five seconds.
const settleTime = 10 * time.Second

func (s *Store) removeMember(ctx context.Context, id uint64) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	_, err := s.client.MemberRemove(ctx, id)
	for errors.Is(err, rpctypes.ErrUnhealthy) {
		pause(ctx, retryLast/4)
		if ctx.Err() != nil {
			return fmt.Errorf("too few of the others answer, so nobody could write after it: %w", err)
		}
		_, err = s.client.MemberRemove(ctx, id)
	}
	return err
}
