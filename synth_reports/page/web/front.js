// The front: points that no other is at least as good as in both, and better in one.

// Equal points are all on the front, or none; the result is in the order of x, best first.
function frontOf(rows, x, y) {
  const signX = MEASURE[x].better === "high" ? -1 : 1;
  const signY = MEASURE[y].better === "high" ? -1 : 1;
  const points = rows
    .map((row) => ({ row, x: counted(row, x), y: counted(row, y) }))
    .filter((point) => point.x !== null && point.y !== null)
    .map((point) => ({ row: point.row, x: signX * point.x, y: signY * point.y }))
    .sort((one, other) => one.x - other.x || one.y - other.y);
  const found = [];
  let best = Infinity;
  for (const point of points) {
    const last = found[found.length - 1];
    if (point.y < best || (last && point.x === last.x && point.y === last.y)) {
      found.push(point);
      best = point.y;
    }
  }
  return found.map((point) => point.row);
}
