//go:build !linux

package conn

import "errors"

const hasEpoll = false

// NewEpoll fails: there is no epoll on this system.
func NewEpoll(int, func(*Loop)) (Engine, error) {
	return nil, errors.New("start an event loop: this system has no epoll")
}
