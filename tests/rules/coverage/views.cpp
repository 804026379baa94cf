// Judge: exact visibility regions by CGAL's Triangular_expansion. In: rings (count, corners), then eyes; out: regions.
#include <CGAL/Arr_segment_traits_2.h>
#include <CGAL/Arrangement_2.h>
#include <CGAL/Arr_naive_point_location.h>
#include <CGAL/Exact_predicates_exact_constructions_kernel.h>
#include <CGAL/Triangular_expansion_visibility_2.h>
#include <cstdio>
#include <iostream>
#include <vector>

using Kernel = CGAL::Exact_predicates_exact_constructions_kernel;
using Traits = CGAL::Arr_segment_traits_2<Kernel>;
using Arrangement = CGAL::Arrangement_2<Traits>;
using Point = Kernel::Point_2;

int main() {
  int rings, eyes;
  std::vector<Traits::X_monotone_curve_2> edges;
  std::cin >> rings;
  for (int r = 0; r < rings; ++r) {
    int corners;
    std::cin >> corners;
    std::vector<Point> ring;
    for (int c = 0; c < corners; ++c) {
      double x, y;
      std::cin >> x >> y;
      ring.emplace_back(x, y);
    }
    for (int c = 0; c < corners; ++c) edges.emplace_back(ring[c], ring[(c + 1) % corners]);
  }
  Arrangement all;
  CGAL::insert(all, edges.begin(), edges.end());
  CGAL::Triangular_expansion_visibility_2<Arrangement> visibility(all);
  CGAL::Arr_naive_point_location<Arrangement> where(all);
  std::cin >> eyes;
  for (int e = 0; e < eyes; ++e) {
    double x, y;
    std::cin >> x >> y;
    auto found = where.locate(Point(x, y));
    auto *face = boost::get<Arrangement::Face_const_handle>(&found);
    Arrangement seen;
    auto region = visibility.compute_visibility(Point(x, y), *face, seen);
    auto first = region->outer_ccb(), at = first;
    do {
      std::printf("%.17g %.17g ", CGAL::to_double(at->target()->point().x()), CGAL::to_double(at->target()->point().y()));
    } while (++at != first);
    std::printf("\n");
  }
}
