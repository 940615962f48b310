package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/archive"
	"causeway/internal/store/embedded"
	"causeway/internal/store/keep"
)

// transient are keys that belong to nodes which run now, or to the keys of nodes. A restore makes its own.
var transient = []string{"nodes/", "leader/", "tokens/", "keys/", "certs/", "revoked/"}

// Backup writes the whole store, of one moment: configuration, history, secrets, and the data keys that open them. So the
// backup is as secret as the store itself. With recipients (age1…) it is encrypted for them.
func (s *Store) Backup(ctx context.Context, w io.Writer, recipients ...string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	resp, err := s.client.Get(ctx, s.places.all(), clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	head, keys, err := s.archive(resp)
	if err != nil {
		return err
	}
	return archive.Write(w, head, keys, recipients)
}

// archive is what a backup holds.
func (s *Store) archive(resp *clientv3.GetResponse) (archive.Head, []archive.Key, error) {
	head := archive.Head{Schema: schemaVersion, When: time.Now().UTC(), Node: s.o.Name, DataKeys: s.keys().Keys()}
	var keys []archive.Key
	for _, kv := range resp.Kvs {
		key := string(kv.Key)
		name := s.places.relative(key)
		switch {
		case key == s.places.currentKey():
			head.Current = string(kv.Value)
		case key == s.places.schema() || isTransient(name):
			continue
		case name == configPlace+headName:
			h, err := readHead(kv.Value)
			if err != nil {
				return head, nil, err
			}
			head.Revision = h.Revision
			fallthrough
		default:
			keys = append(keys, archive.Key{Key: name, Value: kv.Value})
		}
	}
	if _, ok := head.DataKeys[head.Current]; !ok {
		return head, nil, errors.New("the data key changed during the backup; try again")
	}
	return head, keys, nil
}

func isTransient(name string) bool {
	for _, t := range transient {
		if strings.HasPrefix(name, t) {
			return true
		}
	}
	return false
}

// Errors of Restore.
var (
	// ErrBackup is returned for a file that is no whole backup.
	ErrBackup = archive.ErrDamaged
	// ErrNotEmpty is returned for a directory that holds a store.
	ErrNotEmpty = errors.New("the directory holds a store already; move it away first")
)

// restoredGap is by how much a restore raises the revision, so that no node takes a revision for one that it applied before.
const restoredGap = 1000

// Restore makes a store for a single node in a directory out of a backup. It writes nothing before the whole backup has been
// verified, and leaves a directory alone that holds a store. Identities is the text of a file with the age identities
// that open an encrypted backup; empty for a plain one. It returns the new revision.
func Restore(ctx context.Context, dir string, r io.Reader, identities string) (revision int64, err error) {
	head, keys, err := archive.Read(r, identities)
	if err != nil {
		return 0, err
	}
	if head.Schema > schemaVersion {
		return 0, &NewerError{Has: head.Schema, Knows: schemaVersion}
	}
	s, err := prepare(Options{Dir: dir, Mode: Single})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	final, draft := filepath.Join(dir, etcdName), filepath.Join(dir, etcdName+".restoring")
	if embedded.Exists(final) || s.member != nil {
		return 0, fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	if err := os.RemoveAll(draft); err != nil {
		return 0, fmt.Errorf("remove what an earlier restore left: %w", err)
	}
	if revision, err = s.fill(ctx, draft, head, keys); err != nil {
		return 0, err
	}
	if err := os.Rename(draft, final); err != nil {
		return 0, fmt.Errorf("put the restored store in place: %w", err)
	}
	return revision, nil
}

// fill writes a backup into a new etcd and closes it.
func (s *Store) fill(ctx context.Context, dir string, head archive.Head, keys []archive.Key) (revision int64, err error) {
	server, err := embedded.Start(embedded.Options{Dir: dir, Name: s.o.Name})
	if err != nil {
		return 0, err
	}
	s.server, s.client = server, server.Client()
	defer func() {
		s.client.Close() //nolint:errcheck // it answers with the end of its own context
		err = errors.Join(err, server.Close())
		s.server, s.client = nil, nil
	}()
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	if revision, keys, err = raised(head, keys); err != nil {
		return 0, err
	}
	ops, err := s.restoredKeys(head)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		ops = append(ops, clientv3.OpPut(s.places.v1()+k.Key, string(k.Value)))
	}
	ops = append(ops, clientv3.OpPut(s.places.schema(), strconv.Itoa(head.Schema))) // at last
	return revision, s.writeAll(ctx, ops)
}

// Bounds of one transaction of a restore.
const (
	batchOps   = 100
	batchBytes = 1 << 20
)

// writeAll writes in several transactions: nobody reads before the end.
func (s *Store) writeAll(ctx context.Context, ops []clientv3.Op) error {
	for len(ops) > 0 {
		n, size := 0, 0
		for n < len(ops) && n < batchOps && size < batchBytes {
			size += len(ops[n].ValueBytes())
			n++
		}
		if _, err := s.client.Txn(ctx).Then(ops[:n]...).Commit(); err != nil {
			return fmt.Errorf("write the restored store: %w", err)
		}
		ops = ops[n:]
	}
	return nil
}

// restoredKeys wrap the data keys for this node.
func (s *Store) restoredKeys(head archive.Head) ([]clientv3.Op, error) {
	identity, err := s.identity()
	if err != nil {
		return nil, err
	}
	ops := []clientv3.Op{
		clientv3.OpPut(s.places.currentKey(), head.Current),
		clientv3.OpPut(s.places.nodeKeys()+s.o.Name, identity.Recipient()),
	}
	for id, key := range head.DataKeys {
		wrapped, err := keep.Wrap(identity.Recipient(), key[:])
		if err != nil {
			return nil, err
		}
		ops = append(ops, clientv3.OpPut(s.places.dataKey(id, s.o.Name), string(wrapped)))
	}
	return ops, nil
}

// raised gives the configuration a new revision, which the history explains.
func raised(from archive.Head, keys []archive.Key) (int64, []archive.Key, error) {
	for i, k := range keys {
		if k.Key != configPlace+headName {
			continue
		}
		h, err := readHead(k.Value)
		if err != nil {
			return 0, nil, err
		}
		h.Revision += restoredGap
		h.Note = fmt.Sprintf("restored from the backup of %s, revision %d", from.When.Format(time.RFC3339), from.Revision)
		h.When = time.Now().UTC()
		text, err := json.Marshal(h)
		if err != nil {
			return 0, nil, err
		}
		keys[i].Value = text
		entry, err := record{Head: h, Before: map[string]*[]byte{}}.encode()
		place := places{}.revision(h.Revision)
		return h.Revision, append(keys, archive.Key{Key: strings.TrimPrefix(place, places{}.v1()), Value: entry}), err
	}
	return 0, keys, nil // a store without a configuration
}
