package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"causeway/internal/store/layout"
)

// AnyRevision lets a write replace whatever is there.
const AnyRevision = -1

// Put writes a configuration in place of revision `ifRevision` (0: the store is empty) and returns its revision. One
// transaction writes the keys that differ. A configuration that says the same as the one there writes nothing and returns
// that one's revision. Of the snapshot, Revision and When are not read.
//
// The error is a *ConflictError where somebody was faster, ErrUnknown where it is not known whether the write took place.
func (s *Store) Put(ctx context.Context, c Snapshot, ifRevision int64) (int64, error) {
	return s.put(ctx, c, ifRevision, nil)
}

// put is Put under more conditions: those of a leader.
func (s *Store) put(ctx context.Context, c Snapshot, ifRevision int64, by *fence) (int64, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	c.State = orDefault(c.State, Running)
	is, err := layout.Split(layout.Config{Document: c.Document, Shared: c.Shared})
	if err != nil {
		return 0, fmt.Errorf("keep the configuration: %w", err)
	}
	for {
		w := write{store: s, snapshot: c, is: is, by: by, ifRevision: ifRevision}
		revision, err := w.run(ctx)
		if unled(err) && ctx.Err() == nil { // nothing was written, and there will be a leader soon
			pause(ctx, retryFirst)
			continue
		}
		if !errors.Is(err, errAgain) {
			return revision, err
		}
		if err := s.begin(ctx); err != nil { // the schema or the data keys changed
			return 0, err
		}
	}
}

// unled reports an error of a time between two leaders, in which a question was not answered.
func unled(err error) bool {
	return !errors.Is(err, ErrUnknown) && (errors.Is(err, rpctypes.ErrLeaderChanged) || errors.Is(err, rpctypes.ErrNoLeader) ||
		errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail))
}

// Unanswered reports whether the store did not answer: it has no quorum, or not in time. Nothing is wrong with the question.
func Unanswered(err error) bool {
	for _, e := range []error{
		context.DeadlineExceeded, rpctypes.ErrTimeout, rpctypes.ErrTimeoutDueToLeaderFail, rpctypes.ErrTimeoutDueToConnectionLost,
		rpctypes.ErrNoLeader, rpctypes.ErrLeaderChanged,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errAgain asks for another try, over what is there by now.
var errAgain = errors.New("try again")

// write is one try to put a configuration.
type write struct {
	store      *Store
	snapshot   Snapshot
	is         layout.Keys
	by         *fence
	ifRevision int64

	was    state
	head   head
	change layout.Change
}

func (w *write) run(ctx context.Context) (revision int64, err error) {
	recorded := clientv3.OpGet(w.store.places.history(), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if w.was, err = w.store.read(ctx, recorded); err != nil {
		return 0, err
	}
	w.store.reached()
	if w.ifRevision != AnyRevision && w.ifRevision != w.was.head.Revision {
		return 0, &ConflictError{Wanted: w.ifRevision, Current: w.was.head.change()}
	}
	keys, err := w.store.plain(ctx, w.was.stored)
	if err != nil {
		return 0, err
	}
	if w.change = layout.Diff(keys, w.is); w.change.Empty() && w.was.headMod != 0 && w.was.head.says(w.snapshot) && w.by == nil {
		return w.was.head.Revision, nil
	}
	if w.was.sealer != w.store.keys().Current() {
		return 0, errAgain
	}
	w.head = w.next()
	ops, err := w.ops()
	if err != nil {
		return 0, err
	}
	resp, err := w.store.client.Txn(ctx).If(w.conditions()...).Then(ops...).Else(w.questions()...).Commit()
	switch {
	case err != nil:
		return w.confirm(ctx, ops, err)
	case resp.Succeeded:
		w.store.nudge()
		return w.head.Revision, nil
	}
	return 0, w.why(resp.Responses)
}

func (w *write) next() head {
	return head{
		Revision: w.was.head.Revision + 1,
		ID:       rand.Text(),
		Who:      w.snapshot.Who,
		When:     time.Now().UTC(),
		Note:     w.snapshot.Note,
		Allow:    w.snapshot.Allow,
		State:    w.snapshot.State,
	}
}

// conditions: nobody changed the configuration, the schema or the data keys since they were read, and a leader still leads.
func (w *write) conditions() []clientv3.Cmp {
	p := w.store.places
	return append([]clientv3.Cmp{
		clientv3.Compare(clientv3.ModRevision(p.head()), "=", w.was.headMod),
		clientv3.Compare(clientv3.Value(p.schema()), "=", schemaText()),
		clientv3.Compare(clientv3.ModRevision(p.currentKey()), "=", w.was.keysMod),
	}, w.by.conditions()...)
}

// questions find out which condition did not hold.
func (w *write) questions() []clientv3.Op {
	p := w.store.places
	ops := []clientv3.Op{clientv3.OpGet(p.head())}
	if w.by != nil {
		ops = append(ops, clientv3.OpGet(w.by.key, clientv3.WithKeysOnly()))
	}
	return ops
}

func (w *write) why(answers []*pb.ResponseOp) error {
	var now head
	var headMod int64
	for _, kv := range answers[0].GetResponseRange().Kvs {
		var err error
		if now, err = readHead(kv.Value); err != nil {
			return err
		}
		headMod = kv.ModRevision
	}
	if w.by != nil && !w.by.holds(answers[1].GetResponseRange().Kvs) {
		return ErrNotLeader
	}
	if headMod != w.was.headMod && w.ifRevision != AnyRevision {
		return &ConflictError{Wanted: w.ifRevision, Current: now.change()}
	}
	return errAgain
}

// ops write what differs, the head, and the record of the history; they forget the oldest record.
func (w *write) ops() ([]clientv3.Op, error) {
	p := w.store.places
	ops := make([]clientv3.Op, 0, len(w.change.Put)+len(w.change.Delete)+3)
	for _, key := range w.change.Delete {
		ops = append(ops, clientv3.OpDelete(p.config()+key))
	}
	ring := w.store.keys()
	for key, value := range w.change.Put {
		if layout.IsSecret(key) {
			sealed, err := ring.Seal(configPlace+key, value)
			if err != nil {
				return nil, err
			}
			value = sealed
		}
		ops = append(ops, clientv3.OpPut(p.config()+key, string(value)))
	}
	headText, err := json.Marshal(w.head)
	if err != nil {
		return nil, err
	}
	record, err := w.record()
	if err != nil {
		return nil, err
	}
	ops = append(ops, clientv3.OpPut(p.head(), string(headText)), clientv3.OpPut(p.revision(w.head.Revision), string(record)))
	if n := len(w.was.history) + 1 - w.store.o.History; n > 0 {
		ops = append(ops, clientv3.OpDelete(p.history(), clientv3.WithRange(string(w.was.history[n-1].Key)+"\x00")))
	}
	return ops, nil
}

// record is the record of this write in the history.
func (w *write) record() ([]byte, error) {
	r := record{Head: w.head, Before: map[string]*[]byte{}}
	for _, key := range w.change.Keys() {
		r.Before[key] = nil
		if value, ok := w.was.stored[key]; ok {
			r.Before[key] = &value
		}
	}
	return r.encode()
}

// confirmTime is how long a write whose answer got lost asks what became of it.
const confirmTime = 3 * time.Second

// confirm finds out whether a write took place whose transaction returned an error.
func (w *write) confirm(ctx context.Context, ops []clientv3.Op, err error) (int64, error) {
	if refused := w.refused(ops, err); refused != nil {
		return 0, refused
	}
	ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmTime)
	defer cancel()
	resp, again := w.store.client.Get(ask, w.store.places.revision(w.head.Revision))
	if again != nil {
		w.store.failed(again)
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if len(resp.Kvs) == 0 {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err) // it may still be on its way
	}
	return w.compare(resp.Kvs[0].Value)
}

// compare finds out whether a record of the history, at the revision of this write, is its own.
func (w *write) compare(stored []byte) (int64, error) {
	r, err := decodeRecord(stored)
	switch {
	case err != nil:
		return 0, err
	case r.Head.ID == w.head.ID:
		w.store.nudge()
		return w.head.Revision, nil
	case w.ifRevision == AnyRevision:
		return 0, errAgain
	}
	return 0, &ConflictError{Wanted: w.ifRevision, Current: r.Head.change()}
}

// refused is what etcd says where it did not even try; nil where it may have.
func (w *write) refused(ops []clientv3.Op, err error) error {
	size := 0
	for _, op := range ops {
		size += len(op.KeyBytes()) + len(op.ValueBytes())
	}
	switch {
	case errors.Is(err, rpctypes.ErrTooManyOps), errors.Is(err, rpctypes.ErrRequestTooLarge), status.Code(err) == codes.ResourceExhausted &&
		bytes.Contains([]byte(err.Error()), []byte("larger than max")):
		if w.store.server != nil {
			return fmt.Errorf("%w: it has %d operations and %d bytes: %w", ErrTooLarge, len(ops), size, err)
		}
		return fmt.Errorf("%w: it has %d operations and %d bytes; start etcd with --max-txn-ops=%d --max-request-bytes=%d or more: %w",
			ErrTooLarge, len(ops), size, max(1024, 2*len(ops)), max(16<<20, 2*size), err)
	case errors.Is(err, rpctypes.ErrNoSpace):
		signal(w.store.full)
		return fmt.Errorf("the store is full: raise the quota of etcd, or free space on its disk: %w", err)
	case errors.Is(err, rpctypes.ErrCorrupt):
		return fmt.Errorf("a member of the store has damaged data: remove it from the cluster and join it again: %w", err)
	case errors.Is(err, rpctypes.ErrPermissionDenied), errors.Is(err, rpctypes.ErrUserEmpty), errors.Is(err, rpctypes.ErrAuthNotEnabled):
		return fmt.Errorf("etcd refuses the change: %w", err)
	}
	return nil
}
