// A search provider in SearXNG's format and the one page that it names, on loopback. Prints its address;
// ends when its input does.
import { createServer } from 'node:http';

const page = '<title>Mill</title><h1>Mill</h1><p>The mill of Tarn was closed in 1932. It is now a museum.</p>';
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const address = `http://127.0.0.1:${server.address().port}`;
  if (pathname === '/search') {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ results: [{ url: `${address}/mill` }, { url: `${address}/none` }] }));
  } else {
    response.statusCode = pathname === '/mill' ? 200 : 404;
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(pathname === '/mill' ? page : 'none');
  }
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on('end', () => process.exit(0));
