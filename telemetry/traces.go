package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The variables by which OpenTelemetry's SDKs are told where spans go. The
// names are theirs. The SDK reads these and its others from the environment of
// the process by itself.
const (
	sdkDisabled    = "OTEL_SDK_DISABLED"
	exporterName   = "OTEL_TRACES_EXPORTER"
	protocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	endpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
)

// TracesConfig is what NewTraces needs.
type TracesConfig struct {
	// Version is ptpu's own.
	Version string
	// Environ is the environment of the process.
	Environ map[string]string
	// Log takes what the SDK has to complain of, at most one line a minute.
	// Required.
	Log *slog.Logger
}

// NewTraces makes the spans' provider: it exports them when OpenTelemetry's own
// variables ask for that, and otherwise only gives them ids. What the spans
// carry of a person is what stands in Observer. shutdown sends what is left and
// returns by the end of its context; what cannot be sent by then is lost.
//
// The SDK's complaints have one place in a process: NewTraces directs them to
// Log, and is called once.
func NewTraces(ctx context.Context, c TracesConfig) (provider trace.TracerProvider, shutdown func(context.Context) error, err error) {
	if c.Log == nil {
		return nil, nil, errors.New("telemetry.TracesConfig.Log: want a logger")
	}
	quieten(c.Log)
	if !exports(c.Environ) {
		return sdktrace.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	if err := checkExport(c.Environ); err != nil {
		return nil, nil, err
	}
	about, err := describe(ctx, c.Version)
	if err != nil {
		return nil, nil, err
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("making the exporter of spans: %w", err)
	}
	sdk := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(exporter))
	return sdk, func(ctx context.Context) error { return shutDown(ctx, sdk, exporter) }, nil
}

// exports reports whether spans are to leave the process. An empty variable
// counts as unset, as the SDK has it.
func exports(environ map[string]string) bool {
	switch {
	case strings.EqualFold(environ[sdkDisabled], "true"), environ[exporterName] == "none":
		return false
	default:
		return environ[exporterName] != "" || environ[endpoint] != "" || environ[tracesEndpoint] != ""
	}
}

// checkExport finds the mistakes that the SDK would only tell of, export after
// export.
func checkExport(environ map[string]string) error {
	var faults []error
	if name := environ[exporterName]; name != "" && name != "otlp" && name != "console" {
		faults = append(faults, fmt.Errorf("%s: want otlp, console or none", exporterName))
	}
	for _, variable := range []string{protocol, tracesProtocol} {
		switch environ[variable] {
		case "", "grpc", "http/protobuf":
		default:
			faults = append(faults, fmt.Errorf("%s: want http/protobuf or grpc", variable))
		}
	}
	overGRPC := cmp.Or(environ[tracesProtocol], environ[protocol]) == "grpc"
	for _, variable := range []string{endpoint, tracesEndpoint} {
		at, err := url.Parse(environ[variable])
		switch {
		case environ[variable] == "":
		case err != nil, !overGRPC && (at.Scheme != "http" && at.Scheme != "https" || at.Host == ""):
			faults = append(faults, fmt.Errorf("%s: want an absolute URL such as http://host:4318", variable))
		}
	}
	return errors.Join(faults...)
}

// describe says whose spans these are, unless the SDK's variables do.
func describe(ctx context.Context, version string) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", serviceName), attribute.String("service.version", version)),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}

// shutDown sends what is left. When ctx ends first it cuts the request short:
// the SDK would go on with it.
func shutDown(ctx context.Context, sdk *sdktrace.TracerProvider, exporter sdktrace.SpanExporter) error {
	err := sdk.Shutdown(ctx)
	if ctx.Err() != nil {
		err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx)))
	}
	if err != nil {
		return fmt.Errorf("sending the last spans: %w", err)
	}
	return nil
}
