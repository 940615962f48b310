package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/keep"
)

// ErrNoKey is returned where a node may read the store and has no key to its secrets.
var ErrNoKey = errors.New("this node has no key to the secrets of the store")

// NotAdmittedError is returned to a node for which nobody has wrapped the data key. It is an ErrNoKey.
type NotAdmittedError struct {
	Node      string
	Recipient string // public key of the node, age1…
	Replaced  bool   // another key of the node was admitted: the file with it is gone
}

func (e *NotAdmittedError) Error() string {
	if e.Replaced {
		return fmt.Sprintf("%v: it was admitted with another key than that in its file %s; its public key is now %s",
			ErrNoKey, identityName, e.Recipient)
	}
	return fmt.Sprintf("%v: no node has admitted %s; its public key is %s", ErrNoKey, e.Node, e.Recipient)
}

// Hint is what to do.
func (e *NotAdmittedError) Hint() string {
	if e.Replaced {
		return fmt.Sprintf("bring the right file back; or, on another node that has the key: causeway cluster admit %s %s", e.Node, e.Recipient)
	}
	return fmt.Sprintf("on a node that has the key: causeway cluster admit %s %s", e.Node, e.Recipient)
}

// Is lets errors.Is find ErrNoKey.
func (e *NotAdmittedError) Is(target error) bool { return target == ErrNoKey }

// keys are the data keys.
func (s *Store) keys() *keep.Ring {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ring
}

// loadKeys unwraps the data keys for this node. In a store without any it makes the first.
func (s *Store) loadKeys(ctx context.Context) error {
	for {
		current, wrapped, err := s.wrappedKeys(ctx)
		if err != nil {
			return err
		}
		if current != "" {
			err := s.unwrapKeys(current, wrapped)
			return errors.Join(err, s.askForKey(ctx, err))
		}
		if err := s.firstKey(ctx); err != nil {
			return err
		}
	}
}

// wrappedKeys are the name of the current data key, and all that are wrapped for this node.
func (s *Store) wrappedKeys(ctx context.Context) (current string, wrapped map[string][]byte, err error) {
	resp, err := s.client.Txn(ctx).Then(
		clientv3.OpGet(s.places.currentKey()),
		clientv3.OpGet(s.places.dataKeys(), clientv3.WithPrefix()),
	).Commit()
	if err != nil {
		return "", nil, fmt.Errorf("read the data keys: %w", err)
	}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		current = string(kv.Value)
	}
	wrapped = map[string][]byte{}
	for _, kv := range resp.Responses[1].GetResponseRange().Kvs {
		id, node, _ := strings.Cut(strings.TrimPrefix(string(kv.Key), s.places.dataKeys()), "/")
		if node == s.o.Name {
			wrapped[id] = kv.Value
		}
	}
	return current, wrapped, nil
}

func (s *Store) unwrapKeys(current string, wrapped map[string][]byte) error {
	identity, err := s.identity()
	if err != nil {
		return err
	}
	if _, ok := wrapped[current]; !ok {
		return &NotAdmittedError{Node: s.o.Name, Recipient: identity.Recipient()}
	}
	keys := map[string]keep.Key{}
	for id, w := range wrapped {
		key, err := identity.UnwrapKey(w)
		if errors.Is(err, keep.ErrWrongNode) {
			return s.wrongKey(id, identity)
		}
		if err != nil {
			return fmt.Errorf("data key %s: %w", id, err)
		}
		keys[id] = key
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring == nil {
		s.ring = &keep.Ring{}
	}
	return s.ring.Replace(current, keys)
}

// wrongKey says that the key of this node is not the one that it had.
func (s *Store) wrongKey(id string, is *keep.Identity) error {
	if s.o.Mode == ExternalMode && s.member == nil { // another node can help
		return &NotAdmittedError{Node: s.o.Name, Recipient: is.Recipient(), Replaced: true}
	}
	return fmt.Errorf("%w: data key %s for node %s is wrapped for another key than that in %s/%s; bring the right file back",
		ErrNoKey, id, s.o.Name, s.o.Dir, identityName)
}

// firstKey makes the data key of an empty store. Of several nodes that try, one does.
func (s *Store) firstKey(ctx context.Context) error {
	identity, err := s.identity()
	if err != nil {
		return err
	}
	id, key := keep.NewKey()
	wrapped, err := keep.Wrap(identity.Recipient(), key[:])
	if err != nil {
		return err
	}
	_, err = s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(s.places.currentKey()), "=", 0)).Then(
		clientv3.OpPut(s.places.currentKey(), id),
		clientv3.OpPut(s.places.dataKey(id, s.o.Name), string(wrapped)),
		clientv3.OpPut(s.places.nodeKeys()+s.o.Name, identity.Recipient()),
	).Commit()
	if err != nil {
		return fmt.Errorf("write the first data key: %w", err)
	}
	return nil
}

// askForKey leaves the public key of a node that was not admitted, so that a slip in a command admits nobody else.
func (s *Store) askForKey(ctx context.Context, err error) error {
	var stranger *NotAdmittedError
	if s.o.Mode != ExternalMode || !errors.As(err, &stranger) {
		return nil
	}
	if _, err := s.client.Put(ctx, s.places.asking(stranger.Node), stranger.Recipient); err != nil {
		return fmt.Errorf("ask for the key: %w", err)
	}
	return nil
}

// AdmitAsking gives the keys to the secrets of an external etcd to a node that asks for them with this public key. It refuses
// a key with which the node does not ask, the name of a node that runs, and a cluster's store, which Join admits to.
func (s *Store) AdmitAsking(ctx context.Context, node, recipient string) error {
	if err := checkName(node); err != nil {
		return err
	}
	if s.o.Mode != ExternalMode || s.member != nil {
		return ErrNotExternal
	}
	resp, err := s.client.Txn(ctx).Then(
		clientv3.OpGet(s.places.asking(node)), clientv3.OpGet(s.places.nodes()+node, clientv3.WithCountOnly()),
	).Commit()
	if err != nil {
		return fmt.Errorf("look for the node %s: %w", node, err)
	}
	asked := resp.Responses[0].GetResponseRange().Kvs
	switch {
	case node == s.o.Name || resp.Responses[1].GetResponseRange().Count > 0:
		return fmt.Errorf("a node %s runs, and has the key", node)
	case len(asked) == 0:
		return fmt.Errorf("no node %s asks for the key: it does so when causeway serve starts there", node)
	case string(asked[0].Value) != recipient:
		return fmt.Errorf("node %s asks with another public key, %s: compare it with what causeway serve prints on that machine",
			node, asked[0].Value)
	}
	if err := s.Admit(ctx, node, recipient); err != nil {
		return err
	}
	if _, err := s.client.Delete(ctx, s.places.asking(node)); err != nil {
		return fmt.Errorf("note that node %s was admitted: %w", node, err)
	}
	return nil
}

// ErrNotExternal is returned for what only concerns nodes that share an external etcd.
var ErrNotExternal = errors.New("the store is no external etcd: causeway cluster invite and causeway cluster join admit a node")
