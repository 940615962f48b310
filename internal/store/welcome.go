package store

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/cluster"
)

// joinRequest is what a node that joins asks for.
type joinRequest struct {
	Secret    [16]byte `json:"secret"`
	Name      string   `json:"name"`
	Address   string   `json:"address"`
	PeerURL   string   `json:"peerURL,omitempty"` // empty: a node without a vote
	Request   []byte   `json:"request"`           // for a certificate, DER
	Recipient string   `json:"recipient"`         // the public key of the node
}

// joinResponse is what it gets.
type joinResponse struct {
	Error     string   `json:"error,omitempty"`
	Authority []byte   `json:"authority,omitempty"` // certificate, PEM
	Cert      []byte   `json:"cert,omitempty"`      // of the node, PEM
	Revoked   []byte   `json:"revoked,omitempty"`   // list of certificates, DER
	Initial   string   `json:"initial,omitempty"`   // NAME=URL,… of all members
	Endpoints []string `json:"endpoints,omitempty"` // URLs for clients of all members
}

const (
	joinPath    = "/join"
	joinMax     = 64 << 10 // bytes of a request
	joinTimeout = 20 * time.Second
)

// welcome listens for nodes that join. What they know is a token; the certificate tells them that this is a member.
func (s *Store) welcome() error {
	m := s.member
	ln, err := tls.Listen("tcp", joinHostPort(m.Listen, m.Ports.Join), &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.chain() },
	})
	if err != nil {
		return fmt.Errorf("listen for nodes that join: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+joinPath, s.answerJoin)
	s.door = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       joinTimeout,
		WriteTimeout:      2 * joinTimeout,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // strangers who knock
	}
	s.tasks.Go(func() {
		if err := s.door.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("nodes can no longer join here", "error", err)
		}
	})
	return nil
}

// chain is the certificate of the node, with that of the authority behind it.
func (s *Store) chain() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(nodeFile(s.o.Dir), nodeFile(s.o.Dir))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(caFile(s.o.Dir))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the certificate of the cluster is not in PEM")
	}
	pair.Certificate = append(pair.Certificate[:1:1], block.Bytes)
	return &pair, nil
}

func (s *Store) answerJoin(w http.ResponseWriter, r *http.Request) {
	var request joinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, joinMax)).Decode(&request); err != nil {
		http.Error(w, "this is no request to join", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinTimeout)
	defer cancel()
	response, err := s.admitNode(ctx, request)
	if err != nil {
		slog.Warn("a node was refused", "name", request.Name, "from", r.RemoteAddr, "error", err)
		response = joinResponse{Error: err.Error()}
	} else {
		slog.Info("a node joined", "name", request.Name, "from", r.RemoteAddr, "votes", request.PeerURL != "")
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(response); err != nil {
		slog.Warn("a node that joins did not get its answer", "name", request.Name, "error", err)
	}
}

// admitNode takes a node into the cluster.
func (s *Store) admitNode(ctx context.Context, r joinRequest) (response joinResponse, err error) {
	back, err := s.take(ctx, r.Secret)
	if err != nil {
		return response, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, back(context.WithoutCancel(ctx)))
		}
	}()
	if err := s.fresh(ctx, r); err != nil {
		return response, err
	}
	authority, err := s.authority(ctx)
	if err != nil {
		return response, err
	}
	response.Authority = authority.Cert()
	node := MemberFile{Name: r.Name, Address: r.Address, Peer: r.PeerURL}
	if response.Cert, err = s.sign(ctx, authority, r.Request, &node); err != nil {
		return response, err
	}
	serials, err := s.revoked(ctx)
	if err != nil {
		return response, err
	}
	if response.Revoked, err = authority.Revoke(serials, time.Now()); err != nil {
		return response, err
	}
	if err := s.Admit(ctx, r.Name, r.Recipient); err != nil {
		return response, err
	}
	if r.PeerURL != "" {
		if err := s.addMember(ctx, r); err != nil {
			return response, errors.Join(err, s.Forget(ctx, r.Name))
		}
	}
	return response, s.describe(ctx, r, &response)
}

// fresh refuses a name that another node has.
func (s *Store) fresh(ctx context.Context, r joinRequest) error {
	if err := checkName(r.Name); err != nil {
		return err
	}
	resp, err := s.client.Get(ctx, s.places.nodeKeys()+r.Name)
	if err != nil {
		return fmt.Errorf("look the name up: %w", err)
	}
	if len(resp.Kvs) == 0 {
		return nil
	}
	alive, err := s.client.Get(ctx, s.places.nodes()+r.Name, clientv3.WithCountOnly())
	if err != nil {
		return fmt.Errorf("look for the node %s: %w", r.Name, err)
	}
	if alive.Count > 0 {
		return fmt.Errorf("a node %s runs in the cluster: give this one another name with --name", r.Name)
	}
	return fmt.Errorf("a node %s is part of the cluster, and does not run now: give this one another name with --name, "+
		"or, if that one is gone for good, run causeway cluster remove %s on a member", r.Name, r.Name)
}

// addMember adds a member that has no vote until it has caught up. Etcd refuses as long as the members have not been
// connected for five seconds, which is so after another one joined.
func (s *Store) addMember(ctx context.Context, r joinRequest) error {
	_, err := s.client.MemberAddAsLearner(ctx, []string{r.PeerURL})
	for errors.Is(err, rpctypes.ErrUnhealthy) && ctx.Err() == nil {
		pause(ctx, retryLast/4)
		_, err = s.client.MemberAddAsLearner(ctx, []string{r.PeerURL})
	}
	switch {
	case errors.Is(err, rpctypes.ErrTooManyLearners):
		return errors.New("another node is joining and has not caught up yet: wait until it has, or remove it")
	case errors.Is(err, rpctypes.ErrPeerURLExist):
		return fmt.Errorf("a member has the address %s already; causeway cluster remove removes one that is gone", r.PeerURL)
	case err != nil:
		return fmt.Errorf("add the member: %w", err)
	}
	return nil
}

// describe tells a node whom it joins.
func (s *Store) describe(ctx context.Context, r joinRequest, response *joinResponse) error {
	list, err := s.client.MemberList(ctx)
	if err != nil {
		return fmt.Errorf("list the members: %w", err)
	}
	var initial []string
	for _, m := range list.Members {
		name := m.Name
		if slices.Contains(m.PeerURLs, r.PeerURL) {
			name = r.Name
		}
		for _, u := range m.PeerURLs {
			initial = append(initial, name+"="+u)
		}
		response.Endpoints = append(response.Endpoints, m.ClientURLs...)
	}
	response.Initial = strings.Join(initial, ",")
	return nil
}

// authority is that of the cluster.
func (s *Store) authority(ctx context.Context) (*cluster.Authority, error) {
	text, err := s.Secret(ctx, authorityName, func() ([]byte, error) { return nil, ErrNoCluster })
	if err != nil {
		return nil, err
	}
	return cluster.ParseAuthority(text)
}
