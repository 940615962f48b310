//go:build !linux

package storetest

import (
	"errors"
	"testing"
)

// SmallDisk makes none on this system.
func SmallDisk(*testing.T, string, string) error { return errors.ErrUnsupported }
