"""All mutations."""

from benchmarks.doctor.mutate_data import DATA_MUTATIONS, PAIRS
from benchmarks.doctor.mutate_recipe import RECIPE_MUTATIONS

MUTATIONS = {mutation.name: mutation for mutation in (*RECIPE_MUTATIONS, *DATA_MUTATIONS, *PAIRS)}
