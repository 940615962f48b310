package store

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Client lets tests look at the keys.
func (s *Store) Client() *clientv3.Client { return s.client }

// SetSchema makes the program one of another version, with the migration to it.
func SetSchema(version int, step func(context.Context, *Store) ([]clientv3.Op, error)) (undo func()) {
	was := schemaVersion
	schemaVersion, migrations[version-1] = version, step
	return func() {
		schemaVersion = was
		delete(migrations, version-1)
	}
}

// Lease is that of a leader's key.
func (l *Leadership) Lease() clientv3.LeaseID { return l.session.Lease() }

// MemberID is the id of an embedded member.
func (s *Store) MemberID() string { return memberID(s.server.ID()) }
