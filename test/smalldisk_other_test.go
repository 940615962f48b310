//go:build !linux

package test

import "testing"

// smallDisk cannot be made here.
func smallDisk(*testing.T, string, string) string { return "" }
