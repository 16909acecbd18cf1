// Shows the description that stands beside the page. Without a validator: the
// usual one is on the internet, and would be told where this page is.
SwaggerUIBundle({ url: "v3/api-docs", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
