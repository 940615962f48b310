package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"causeway/internal/store/cluster"
	"causeway/internal/store/embedded"
	"causeway/internal/store/keep"
)

// Join makes a node part of the cluster that a token invites it to. Its directory must hold no store. With a vote, the node
// is a member from its next start on; without one, it asks the members.
func Join(ctx context.Context, dir, token string, f Founding, vote bool) (err error) {
	t, err := cluster.ParseToken(token)
	if err != nil {
		return err
	}
	if f, err = f.check(); err != nil {
		return err
	}
	s, err := prepare(Options{Dir: dir, Mode: Single, Name: f.Name})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	if s.member != nil {
		return fmt.Errorf("%s: %w", dir, ErrMember)
	}
	if embedded.Exists(filepath.Join(dir, etcdName)) {
		return fmt.Errorf("%s: %w: the cluster's configuration would replace it", dir, ErrNotEmpty)
	}
	return s.join(ctx, t, f.file(), vote)
}

// join asks a member and keeps what it answers. The file that makes the directory one of a node comes last.
func (s *Store) join(ctx context.Context, t cluster.Token, member *MemberFile, vote bool) error {
	identity, err := s.identity()
	if err != nil {
		return err
	}
	key, request, err := cluster.Request(member.Name)
	if err != nil {
		return err
	}
	ask := joinRequest{
		Secret:    t.Secret,
		Name:      member.Name,
		Address:   member.Address,
		Request:   request,
		Recipient: identity.Recipient(),
	}
	if vote {
		ask.PeerURL = member.peerURL()
	}
	response, err := knock(ctx, t, ask)
	if err != nil {
		return err
	}
	member.Initial = response.Initial
	if !vote {
		member.Initial, member.Endpoints = "", response.Endpoints
	}
	if err := keepCertificate(s.o.Dir, response.Authority, response.Cert, key); err != nil {
		return err
	}
	if err := keep.WriteFile(crlFile(s.o.Dir), response.Revoked); err != nil {
		return fmt.Errorf("keep the list of revoked certificates: %w", err)
	}
	return member.write(s.o.Dir)
}

// knock asks a member.
func knock(ctx context.Context, t cluster.Token, ask joinRequest) (response joinResponse, err error) {
	text, err := json.Marshal(ask)
	if err != nil {
		return response, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+t.Address+joinPath, bytes.NewReader(text))
	if err != nil {
		return response, err
	}
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: t.Trust(), DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 2 * joinTimeout}
	resp, err := client.Do(request)
	if err != nil {
		return response, fmt.Errorf("ask the member at %s: %w", t.Address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return response, fmt.Errorf("the member at %s answers %s", t.Address, resp.Status)
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, joinMax)).Decode(&response); err != nil {
		return response, fmt.Errorf("read the answer of the member at %s: %w", t.Address, err)
	}
	if response.Error != "" {
		return response, fmt.Errorf("the member at %s refuses: %s", t.Address, response.Error)
	}
	return response, nil
}

// Leave makes a directory forget the cluster that it belonged to, with everything that it held, so that it can join again.
// It keeps the key of the node and the last good configuration.
func Leave(dir string) (err error) {
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return errors.Join(
		os.RemoveAll(filepath.Join(dir, etcdName)), os.RemoveAll(filepath.Join(dir, pkiName)), os.RemoveAll(filepath.Join(dir, memberName)),
	)
}
