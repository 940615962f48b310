package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Times of a client of an external etcd, and sizes of its messages in bytes.
const (
	dialTime      = 5 * time.Second
	keepAliveTime = 5 * time.Second // a connection that broke without a word is noticed after this and keepAliveWait
	keepAliveWait = 3 * time.Second
	messageMax    = 128 << 20
)

// dial makes a client. It connects in the background.
func dial(e External) (*clientv3.Client, error) {
	if len(e.Endpoints) == 0 {
		return nil, errors.New("an external etcd needs endpoints")
	}
	config, err := e.tls()
	if err != nil {
		return nil, err
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            e.Endpoints,
		TLS:                  config,
		DialTimeout:          dialTime,
		DialKeepAliveTime:    keepAliveTime,
		DialKeepAliveTimeout: keepAliveWait,
		MaxCallSendMsgSize:   messageMax,
		MaxCallRecvMsgSize:   messageMax,
		Logger:               zap.NewNop(), // errors come back from the calls
	})
	if err != nil {
		return nil, fmt.Errorf("make a client of etcd: %w", err)
	}
	return client, nil
}

// endpointTime is how long one endpoint may take to accept a connection, where somebody asks why none of them answers.
const endpointTime = time.Second

// unreached says of an external etcd which endpoints do not accept a connection, and why. The client of etcd says only that
// time has passed.
func (s *Store) unreached(ctx context.Context, err error) error {
	if s.o.Mode != ExternalMode || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var all []string
	for _, e := range s.o.External.Endpoints {
		address := strings.TrimPrefix(strings.TrimPrefix(e, "https://"), "http://")
		try, cancel := context.WithTimeout(ctx, endpointTime)
		c, bad := (&net.Dialer{}).DialContext(try, "tcp", address)
		cancel()
		if bad != nil {
			all = append(all, bad.Error())
			continue
		}
		c.Close()
		all = append(all, e+" accepts connections")
	}
	return fmt.Errorf("etcd at %s: %w: %s", strings.Join(s.o.External.Endpoints, ", "), err, strings.Join(all, "; "))
}

// tls is nil where all endpoints are http.
func (e External) tls() (*tls.Config, error) {
	if e.CA == "" && e.Cert == "" && !anyTLS(e.Endpoints) {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if e.CA != "" {
		text, err := os.ReadFile(e.CA)
		if err != nil {
			return nil, fmt.Errorf("read the CA of etcd: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("the CA of etcd, %s, holds no PEM certificate", e.CA)
		}
	}
	if e.Cert != "" || e.Key != "" {
		if _, err := tls.LoadX509KeyPair(e.Cert, e.Key); err != nil {
			return nil, fmt.Errorf("read the client certificate for etcd: %w", err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // it is renewed meanwhile
			pair, err := tls.LoadX509KeyPair(e.Cert, e.Key)
			return &pair, err
		}
	}
	return c, nil
}

func anyTLS(endpoints []string) bool {
	for _, e := range endpoints {
		if len(e) > 8 && e[:8] == "https://" {
			return true
		}
	}
	return false
}
