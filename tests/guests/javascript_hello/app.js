// The smallest useful JavaScript guest: answers every request with a greeting, a POST with its own body, which PUT streams.

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  if (request.method === "PUT") return new Response(request.body);
  const text = request.method === "POST" ? await request.text() : "hello from JavaScript";
  return new Response(text, { headers: { "content-type": "text/plain" } });
}
