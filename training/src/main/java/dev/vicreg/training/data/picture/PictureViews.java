package dev.vicreg.training.data.picture;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.util.List;

/**
 * Square views of pictures, uint8 [size, size, 3] RGB.
 *
 * @param size side of the views in pixels
 */
public record PictureViews(Dataset<Picture> data, Augmentation augmentation, int size) implements ViewSource {
    private static final int CHANNELS = 3;

    /** @throws IllegalArgumentException if the size is not positive, or the augmentation is for other data */
    public PictureViews {
        if (size < 1) {
            throw new SettingException("image size must be at least 1, found " + size);
        }
        augmentation.policy(0, PicturePolicy.class);
    }

    /** A view of the picture, {@code size} pixels a side: a function of the arguments and nothing else. */
    static Picture view(Augmentation augmentation, Picture picture, int size, ViewKey key) {
        PicturePolicy policy = augmentation.policy(key.view(), PicturePolicy.class);
        return policy.draw(key.random(), picture.width(), picture.height()).apply(picture, size);
    }

    @Override
    public ViewType type() {
        return new ViewType(ViewType.Element.UINT8, List.of(size, size, CHANNELS));
    }

    @Override
    public boolean unrelatedViews() {
        return augmentation.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        Picture picture = data.sample(index);
        return (key, into, offset) ->
                into.put(offset, view(augmentation, picture, size, key).rgb());
    }
}
