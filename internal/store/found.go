package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/cluster"
	"causeway/internal/store/keep"
)

// Founding says how a node appears to the others of a cluster.
type Founding struct {
	Name    string // of the node
	Address string // host at which the others reach it
	Listen  string // IP address that its ports are bound to; empty: Address, or all of IPv4 where that is a name
	Ports   Ports  // zero: DefaultPorts
	Peer    string // URL at which peers reach it, where that is not Address and the port; for relays
}

func (f Founding) check() (Founding, error) {
	if f.Address == "" || strings.ContainsAny(f.Address, "/ ") || strings.Contains(f.Address, ":") && net.ParseIP(f.Address) == nil {
		return f, fmt.Errorf("the address at which the others reach the node is an IP address or a host name, not %q", f.Address)
	}
	if f.Listen == "" {
		f.Listen = f.Address
		if net.ParseIP(f.Address) == nil {
			f.Listen = anyAddress
		}
	}
	if net.ParseIP(f.Listen) == nil {
		return f, fmt.Errorf("the address to listen at is an IP address, not %q", f.Listen)
	}
	f.Ports = orDefault(f.Ports, DefaultPorts)
	return f, checkName(f.Name)
}

// anyAddress is where a node listens that the others know by a host name.
const anyAddress = "0.0.0.0"

func (f Founding) file() *MemberFile {
	return &MemberFile{Name: f.Name, Listen: f.Listen, Address: f.Address, Ports: f.Ports, Peer: f.Peer}
}

// ErrMember is returned for a directory that belongs to a cluster already.
var ErrMember = errors.New("the directory belongs to a cluster already")

// Found makes the store of a single node the first member of a cluster. What it holds stays. The gateway must not run; it is
// a member from its next start on.
func Found(ctx context.Context, dir string, f Founding) (err error) {
	if f, err = f.check(); err != nil {
		return err
	}
	if m, err := readMember(dir); err != nil || m != nil {
		return errors.Join(err, fmt.Errorf("%s: %w", dir, ErrMember))
	}
	s, err := Open(ctx, Options{Dir: dir, Mode: Single})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	member := f.file()
	if err := s.found(ctx, member); err != nil {
		return err
	}
	return member.write(dir)
}

// found gives the only node of a store what a member needs: an authority, a certificate, keys under its name, an address.
func (s *Store) found(ctx context.Context, member *MemberFile) error {
	authority, err := s.newAuthority(ctx)
	if err != nil {
		return err
	}
	identity, err := s.identity()
	if err != nil {
		return err
	}
	if err := s.Admit(ctx, member.Name, identity.Recipient()); err != nil {
		return err
	}
	if err := s.certify(ctx, authority, member); err != nil {
		return err
	}
	if err := s.keepRevoked(ctx, authority); err != nil {
		return err
	}
	if _, err := s.client.MemberUpdate(ctx, s.server.ID(), []string{member.peerURL()}); err != nil {
		return fmt.Errorf("make the node a member: %w", err)
	}
	if s.o.Name == member.Name {
		return nil
	}
	return s.Forget(ctx, s.o.Name)
}

// newAuthority makes the authority of a cluster and keeps it in the store.
func (s *Store) newAuthority(ctx context.Context) (*cluster.Authority, error) {
	authority, err := cluster.NewAuthority("causeway cluster", time.Now())
	if err != nil {
		return nil, err
	}
	text, err := authority.PEM()
	if err != nil {
		return nil, err
	}
	return authority, s.SetSecret(ctx, authorityName, text)
}

// authorityName is the secret that holds the cluster's authority.
const authorityName = "authority"

// certify gives this node its certificate.
func (s *Store) certify(ctx context.Context, authority *cluster.Authority, m *MemberFile) error {
	key, request, err := cluster.Request(m.Name)
	if err != nil {
		return err
	}
	cert, err := s.sign(ctx, authority, request, m)
	if err != nil {
		return err
	}
	return keepCertificate(s.o.Dir, authority.Cert(), cert, key)
}

// sign makes a certificate for a node, and remembers it, so that it can be revoked.
func (s *Store) sign(ctx context.Context, authority *cluster.Authority, request []byte, m *MemberFile) ([]byte, error) {
	cert, err := authority.Sign(request, m.Name, m.hosts(), time.Now())
	if err != nil {
		return nil, err
	}
	serial, err := cluster.Serial(cert)
	if err != nil {
		return nil, err
	}
	if _, err := s.client.Put(ctx, s.places.certs(m.Name)+serial, ""); err != nil {
		return nil, fmt.Errorf("remember the certificate of node %s: %w", m.Name, err)
	}
	return cert, nil
}

// revoked are the serial numbers of certificates that are valid no longer.
func (s *Store) revoked(ctx context.Context) (serials []string, err error) {
	resp, err := s.client.Get(ctx, s.places.revoked(), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return nil, fmt.Errorf("read which certificates are revoked: %w", err)
	}
	for _, kv := range resp.Kvs {
		serials = append(serials, strings.TrimPrefix(string(kv.Key), s.places.revoked()))
	}
	return serials, nil
}

// keepRevoked writes the list that the listeners of this node check with each connection.
func (s *Store) keepRevoked(ctx context.Context, authority *cluster.Authority) error {
	serials, err := s.revoked(ctx)
	if err != nil {
		return err
	}
	list, err := authority.Revoke(serials, time.Now())
	if err != nil {
		return err
	}
	return keep.WriteFile(crlFile(s.o.Dir), list)
}

// hosts are what the certificate of a member is for.
func (m *MemberFile) hosts() []string {
	hosts := []string{m.Address}
	if peer := m.peerHost(); peer != m.Address {
		hosts = append(hosts, peer)
	}
	return hosts
}

func keepCertificate(dir string, authority, cert, key []byte) error {
	if err := os.MkdirAll(filepath.Join(dir, pkiName), 0o700); err != nil {
		return fmt.Errorf("keep the certificate of the node: %w", err)
	}
	err := keep.WriteFile(caFile(dir), authority)
	if err == nil {
		err = keep.WriteFile(nodeFile(dir), append(append([]byte{}, cert...), key...))
	}
	if err != nil {
		return fmt.Errorf("keep the certificate of the node: %w", err)
	}
	return nil
}
