package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"causeway/internal/store/embedded"
	"causeway/internal/store/keep"
)

// MemberFile is what a directory knows of the cluster that it belongs to: the file member.json.
type MemberFile struct {
	Name    string `json:"name"`
	Listen  string `json:"listen"`  // host that the ports are bound to
	Address string `json:"address"` // host at which the others reach the member
	Ports   Ports  `json:"ports"`
	Peer    string `json:"peer,omitempty"`    // URL for the peers, where it is not that of Address
	Initial string `json:"initial,omitempty"` // NAME=URL,… of all members, for the first start of one that joins

	Endpoints []string `json:"endpoints,omitempty"` // of a node without a vote: the members that it asks
}

// Ports are those of a member, on TCP.
type Ports struct {
	Peer   int `json:"peer"`   // etcd among members
	Client int `json:"client"` // etcd for commands and for nodes that are no members
	Join   int `json:"join"`   // invitations
}

// DefaultPorts are etcd's own, and the next one.
var DefaultPorts = Ports{Peer: 2380, Client: 2379, Join: 2381}

const (
	memberName = "member.json"
	pkiName    = "pki"
	caName     = "ca.crt"
	crlName    = "revoked.crl"
	nodeName   = "node.pem" // certificate and key in one file, so that both change at once
)

func caFile(dir string) string { return filepath.Join(dir, pkiName, caName) }

func crlFile(dir string) string { return filepath.Join(dir, pkiName, crlName) }

func nodeFile(dir string) string { return filepath.Join(dir, pkiName, nodeName) }

// access is how a node reaches the members as a client.
func (m *MemberFile) access(dir string) External {
	e := External{Endpoints: m.Endpoints, CA: caFile(dir), Cert: nodeFile(dir), Key: nodeFile(dir)}
	if len(e.Endpoints) == 0 {
		e.Endpoints = []string{m.clientURL()}
	}
	return e
}

func readMember(dir string) (*MemberFile, error) {
	text, err := os.ReadFile(filepath.Join(dir, memberName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m MemberFile
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("read what the store knows of its cluster: %w", err)
	}
	return &m, nil
}

// NodeOf is the name under which the directory of a store belongs to a cluster; empty: it belongs to none.
func NodeOf(dir string) (string, error) {
	m, err := readMember(dir)
	if err != nil || m == nil {
		return "", err
	}
	return m.Name, nil
}

// HostOf is the host at which the other nodes of its cluster reach the node of a store's directory; empty: the directory belongs to none,
// or to an external etcd, which does not know.
func HostOf(dir string) (string, error) {
	m, err := readMember(dir)
	if err != nil || m == nil {
		return "", err
	}
	return m.Address, nil
}

func (m *MemberFile) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return keep.WriteFile(filepath.Join(dir, memberName), append(text, '\n'))
}

func httpsURL(host string, port int) string { return "https://" + joinHostPort(host, port) }

func (m *MemberFile) peerURL() string {
	if m.Peer != "" {
		return m.Peer
	}
	return httpsURL(m.Address, m.Ports.Peer)
}

// peerHost is the host of peerURL.
func (m *MemberFile) peerHost() string {
	u, err := url.Parse(m.peerURL())
	if err != nil {
		return m.Address
	}
	return u.Hostname()
}

func (m *MemberFile) clientURL() string { return httpsURL(m.Address, m.Ports.Client) }

func (m *MemberFile) peers(dir string) *embedded.Peers {
	return &embedded.Peers{
		Listen:        httpsURL(m.Listen, m.Ports.Peer),
		ListenClients: httpsURL(m.Listen, m.Ports.Client),
		URL:           m.peerURL(),
		ClientURL:     m.clientURL(),
		Initial:       m.Initial,
		CA:            caFile(dir),
		Revoked:       crlFile(dir),
		Cert:          nodeFile(dir),
		Key:           nodeFile(dir),
	}
}

// memberID writes the id of a member as etcd does.
func memberID(id uint64) string { return strconv.FormatUint(id, 16) }

func joinHostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
