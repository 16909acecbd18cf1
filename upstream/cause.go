package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// harmless is the error as it may stand in logs. net/http puts addresses with
// their queries and, for an answer that is not HTTP, its very bytes into its
// errors; both can tell about a person. So only errors that are known to hold
// neither are passed on, and of the others no more than their type.
func harmless(err error) error {
	var (
		failedURL   *url.Error
		token       *TokenError
		held        *HeldError
		connection  *net.OpError
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
	)
	if errors.As(err, &failedURL) {
		err = failedURL.Err // its type says more
	}
	switch {
	case errors.As(err, &token):
		return token
	case errors.As(err, &held):
		return held
	case errors.As(err, &connection):
		return connection
	case errors.As(err, &dns):
		return dns
	case errors.As(err, &certificate):
		return certificate
	}
	for _, known := range []error{
		errTimeout, errTooLarge, errCut, errUnreadable,
		context.Canceled, context.DeadlineExceeded,
		io.ErrUnexpectedEOF, io.EOF, http.ErrSchemeMismatch,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	return fmt.Errorf("broken HTTP exchange (%T)", err)
}
