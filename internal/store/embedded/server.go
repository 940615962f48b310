// Package embedded runs an etcd server within the process.
//
// A single node opens no socket: its client calls the server's functions. A member of a cluster listens for its peers and
// for clients, over mutual TLS.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/pkg/v3/featuregate"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	etcderrors "go.etcd.io/etcd/server/v3/etcdserver/errors"
	"go.etcd.io/etcd/server/v3/features"
)

// Server is an etcd server.
type Server struct {
	etcd   *embed.Etcd
	quiet  *quiet
	single bool
}

// Options of a server.
type Options struct {
	Dir   string // of etcd's data
	Name  string // of the member
	Quota int64  // bytes; from there etcd refuses writes

	Peers *Peers // nil: a single node without sockets
}

// Peers are what a member of a cluster has more than a single node.
type Peers struct {
	Listen, ListenClients string // URLs to listen at, https
	URL, ClientURL        string // URLs at which others reach the member, https
	Initial               string // NAME=URL,…: all members, for the first start; without it the node begins a cluster of one
	CA, Cert, Key         string // files
	Revoked               string // file with a list of revoked certificates, DER; read with each connection
}

// Limits of one transaction. They hold a thousand listeners with ten thousand path rules, which etcd's own defaults do not.
const (
	MaxRequest = 64 << 20 // bytes
	MaxOps     = 1 << 17
)

// DefaultQuota is enough for a hundred versions of a very large document.
const DefaultQuota = 2 << 30

// singleURL names the only member of a single node to itself. Nothing listens there, and nobody resolves it.
const singleURL = "http://single.invalid:2380"

// Start starts a server. It does not wait until the server has a leader: see Ready.
func Start(o Options) (*Server, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of etcd: %w", err)
	}
	s := &Server{quiet: newQuiet(), single: o.Peers == nil}
	c, err := s.config(o)
	if err != nil {
		return nil, err
	}
	if err := s.start(c); err != nil {
		return nil, fmt.Errorf("start etcd in %s: %w", o.Dir, err)
	}
	return s, nil
}

// start runs in a goroutine of its own, because one that etcd gives up in ends.
func (s *Server) start(c *embed.Config) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.etcd, err = embed.StartEtcd(c)
	}()
	<-done
	if failure := s.Failure(); failure != "" && s.etcd == nil {
		return errors.New(failure)
	}
	return err
}

func (s *Server) config(o Options) (*embed.Config, error) {
	c := embed.NewConfig()
	c.Dir = o.Dir
	c.Name = o.Name
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(s.quiet.logger())
	c.EnableGRPCGateway = false
	c.MaxRequestBytes = MaxRequest
	c.MaxTxnOps = MaxOps
	c.QuotaBackendBytes = o.Quota
	if c.QuotaBackendBytes == 0 {
		c.QuotaBackendBytes = DefaultQuota
	}
	c.AutoCompactionMode = embed.CompactorModeRevision
	c.AutoCompactionRetention = "1000"
	c.MaxSnapFiles, c.MaxWalFiles = 2, 2
	if o.Peers == nil {
		return c, s.alone(c)
	}
	return c, s.among(c, *o.Peers)
}

// alone is a node without sockets. Its ticks are short, because an election needs nobody's answer. It has no follower to
// catch up, so that it keeps no entries of its log in memory.
func (s *Server) alone(c *embed.Config) error {
	c.TickMs, c.ElectionMs = 20, 100
	c.SnapshotCount, c.SnapshotCatchUpEntries = 100, 1
	c.ListenPeerUrls, c.ListenClientUrls, c.AdvertiseClientUrls = nil, nil, nil
	return setURL(&c.AdvertisePeerUrls, singleURL, func() { c.InitialCluster = c.Name + "=" + singleURL })
}

func (s *Server) among(c *embed.Config, p Peers) error {
	c.TickMs, c.ElectionMs = 100, 1000
	c.SnapshotCount, c.SnapshotCatchUpEntries = 1000, 100
	tls := transport.TLSInfo{
		TrustedCAFile:  p.CA,
		CertFile:       p.Cert,
		KeyFile:        p.Key,
		CRLFile:        p.Revoked,
		ClientCertAuth: true,
		// A member may connect from an address that is not in its certificate: behind NAT, or with several addresses.
		SkipClientSANVerify: true,
	}
	c.PeerTLSInfo, c.ClientTLSInfo = tls, tls
	c.CorruptCheckTime = corruptCheckTime
	checks := map[string]bool{string(features.InitialCorruptCheck): true, string(features.CompactHashCheck): true}
	if err := c.ServerFeatureGate.(featuregate.MutableFeatureGate).SetFromMap(checks); err != nil {
		return fmt.Errorf("let etcd check its data: %w", err)
	}
	c.InitialCluster = p.Initial
	c.ClusterState = embed.ClusterStateFlagExisting
	if p.Initial == "" {
		c.InitialCluster, c.ClusterState = c.Name+"="+p.URL, embed.ClusterStateFlagNew
	}
	nothing := func() {}
	return errors.Join(
		setURL(&c.ListenPeerUrls, p.Listen, nothing), setURL(&c.ListenClientUrls, p.ListenClients, nothing),
		setURL(&c.AdvertisePeerUrls, p.URL, nothing), setURL(&c.AdvertiseClientUrls, p.ClientURL, nothing),
	)
}

// corruptCheckTime is how often members compare a checksum of their data.
const corruptCheckTime = time.Hour

func setURL(into *[]url.URL, text string, then func()) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("the URL of a member: %w", err)
	}
	*into = []url.URL{*u}
	then()
	return nil
}

// Ready is closed when the server takes part in its cluster: it has applied its own membership.
func (s *Server) Ready() <-chan struct{} { return s.etcd.Server.ReadyNotify() }

// Stopped is closed when the server ended, also without Close: another member has removed it.
func (s *Server) Stopped() <-chan struct{} { return s.etcd.Server.StopNotify() }

// Failed is closed when etcd gave up, because its disk is full or its data is damaged; Failure says why. An etcd of its own
// would end its process here. This one stops working and leaves the process alone.
func (s *Server) Failed() <-chan struct{} { return s.quiet.failed }

// Failure is the message with which etcd gave up; empty before that.
func (s *Server) Failure() string {
	select {
	case <-s.quiet.failed:
		return s.quiet.failure
	default:
		return ""
	}
}

// Client calls the server's functions without a socket. Its Defragment panics: see Server.Defragment.
func (s *Server) Client() *clientv3.Client {
	c := v3client.New(s.etcd.Server)
	c.KV = guarded{c.KV, s}
	return c
}

// ID is the member's own.
func (s *Server) ID() uint64 { return uint64(s.etcd.Server.MemberID()) }

// Leader is the id of the member that leads; 0 without one.
func (s *Server) Leader() uint64 { return uint64(s.etcd.Server.Leader()) }

// Learner reports whether the member has no vote yet. Etcd itself panics where the member has been removed, so this asks in a
// goroutine of its own.
func (s *Server) Learner() (learner bool) {
	if s.Removed() {
		return false
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		learner = s.etcd.Server.IsLearner()
	}()
	<-done
	return learner
}

// Removed reports whether the cluster has removed the member.
func (s *Server) Removed() bool {
	return s.etcd.Server.Cluster().Member(s.etcd.Server.MemberID()) == nil
}

// Promote asks the leader to give the member its vote. It is an error as long as the member has not caught up.
func (s *Server) Promote(ctx context.Context) error {
	_, err := s.etcd.Server.PromoteMember(ctx, s.ID())
	return err
}

// LearnerNotReady reports whether Promote failed because the member has not caught up.
func LearnerNotReady(err error) bool { return errors.Is(err, etcderrors.ErrLearnerNotReady) }

// Size is how many bytes the database has on disk, and how many of them are in use.
func (s *Server) Size() (disk, inUse int64) {
	backend := s.etcd.Server.Backend()
	return backend.Size(), backend.SizeInUse()
}

// Quota is the size from which etcd refuses writes, in bytes.
func (s *Server) Quota() int64 { return s.etcd.Server.Cfg.QuotaBackendBytes }

// Defragment gives free pages of the database back to the disk. The server answers nothing meanwhile: about a second for
// 100 MB.
func (s *Server) Defragment() error { return s.etcd.Server.Backend().Defrag() }

// closeTimeout bounds a Close of a server that gave up: parts of it may wait for each other forever.
const closeTimeout = 5 * time.Second

// Close stops the server. The error says that it gave up earlier and still holds its files.
func (s *Server) Close() error {
	s.quiet.closing.Store(true)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.etcd.Close()
	}()
	select {
	case <-closed:
		return nil
	case <-s.Failed():
	}
	select {
	case <-closed:
		return nil
	case <-time.After(closeTimeout):
		return fmt.Errorf("etcd gave up and does not close: %s", s.Failure())
	}
}

// Exists reports whether a directory holds the data of a member.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "member", "wal"))
	return err == nil
}
