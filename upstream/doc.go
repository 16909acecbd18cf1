// Package upstream makes the calls to ptpu's neighbours. New gives an
// http.Client whose transport carries everything that all calls share; API
// makes one call on such a client, JSON in and JSON out, and turns whatever
// becomes of it into ptpu's errors. The clients of the single APIs stand on it.
//
//	API.Call ──> identify ──> repeat ──> bearer ──> whole ──> pooled connections
//	             User-Agent,  safe calls, token, once  deadline,
//	             traceparent  once more   more at 401  10 MB
//
// The order has reasons. A token is asked for outside the call's own deadline,
// so that a slow token costs no call its time. Whole sits innermost: it reads
// the answer to its end inside the deadline, so that the layers above it see
// either an answer or a failure, and never a body that breaks later.
package upstream
