package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
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
	certName   = "node.crt"
	keyName    = "node.crt.key"
)

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

func (m *MemberFile) clientURL() string { return httpsURL(m.Address, m.Ports.Client) }

func (m *MemberFile) peers(dir string) *embedded.Peers {
	return &embedded.Peers{
		Listen:        httpsURL(m.Listen, m.Ports.Peer),
		ListenClients: httpsURL(m.Listen, m.Ports.Client),
		URL:           m.peerURL(),
		ClientURL:     m.clientURL(),
		Initial:       m.Initial,
		CA:            filepath.Join(dir, pkiName, caName),
		Cert:          filepath.Join(dir, pkiName, certName),
		Key:           filepath.Join(dir, pkiName, keyName),
	}
}

// memberID writes the id of a member as etcd does.
func memberID(id uint64) string { return strconv.FormatUint(id, 16) }

func joinHostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
