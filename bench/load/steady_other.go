//go:build !linux

package load

import "errors"

func steady(Spec) (Result, error) {
	return Result{}, errors.New("requests at fixed times are sent on Linux only")
}
